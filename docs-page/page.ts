/**
 * The page of `GET /api/docs`: asks for the function key, fetches the OpenAPI document with it, and lets
 * Swagger UI show it. The key lives in a variable of this module: not in storage, in a cookie or an address.
 */

/** swagger-ui-bundle.js, loaded before this file. */
declare const SwaggerUIBundle: (options: Readonly<Record<string, unknown>>) => void;

/** What Swagger UI hands to its interceptor. */
interface OutgoingRequest {
  url: string;
  headers: Record<string, string>;
}

/** Where the routes stand: this file is served below `docs/`, one level deeper. */
const ROUTES = new URL('..', (document.currentScript as HTMLScriptElement).src);

const form = element<HTMLFormElement>('entry');
const field = element<HTMLInputElement>('key');
const told = element<HTMLElement>('told');
const contract = element<HTMLElement>('contract');

form.addEventListener('submit', (event) => {
  event.preventDefault();
  open(field.value.trim()).catch(() => tell('The app cannot be reached from here. Try again.', true));
});
field.focus();

async function open(key: string): Promise<void> {
  tell('Asking for the contract …');
  const headers: Record<string, string> = key === '' ? {} : { 'x-functions-key': key };
  const answer = await fetch(new URL('openapi.json', ROUTES), {
    headers,
    credentials: 'omit',
    cache: 'no-store',
  });
  if (!answer.ok) {
    contract.replaceChildren();
    return tell(await whyNot(answer), true);
  }
  show(await answer.json(), key);
  told.hidden = true;
}

/** What to do about an answer that is not the contract. */
async function whyNot(answer: Response): Promise<string> {
  if (answer.status === 401) {
    return 'That is not a key of this app. Take one from the portal: Function App, App keys.';
  }
  const problem = await answer.json().catch(() => undefined);
  return problem?.detail
    ? `${problem.title}. ${problem.detail}`
    : `The app answered ${answer.status}. Try again.`;
}

function show(document: object, key: string): void {
  SwaggerUIBundle({
    // Always this page's own origin: nothing else may be called from here, and nothing else gets the key.
    spec: { ...document, servers: [{ url: ROUTES.href.replace(/\/$/, '') }] },
    domNode: contract,
    tryItOutEnabled: true,
    displayRequestDuration: true,
    defaultModelsExpandDepth: -1,
    defaultModelRendering: 'example',
    validatorUrl: null,
    // The curl line that is shown is the request before the key is put in.
    showMutatedRequest: false,
    requestInterceptor: (request: OutgoingRequest) => {
      if (key !== '' && request.url.startsWith(ROUTES.href)) request.headers['x-functions-key'] = key;
      return request;
    },
    // There is one place to enter the key, and it is ours.
    plugins: [{ wrapComponents: { authorizeBtn: () => nothing, authorizeOperationBtn: () => nothing } }],
  });
}

const nothing = () => null;

function tell(text: string, isWrong = false): void {
  told.textContent = text;
  told.className = isWrong ? 'wrong' : '';
  told.hidden = false;
}

function element<E extends HTMLElement>(id: string): E {
  const found = document.getElementById(id);
  if (!found) throw new Error(`The page has no element "${id}".`);
  return found as E;
}
