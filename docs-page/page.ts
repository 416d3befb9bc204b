/** The page of `GET /api/docs`. */
import { startDoctor } from './doctor.js';
import { byId } from './dom.js';
import { startEnrich } from './enrich.js';
import { openReference } from './reference.js';

const tabs = [...document.querySelectorAll<HTMLButtonElement>('[role=tab]')];

/** Tabs as the ARIA Authoring Practices have them: arrow keys, Home and End move between them. */
function select(chosen: HTMLButtonElement): void {
  for (const tab of tabs) {
    const isChosen = tab === chosen;
    tab.setAttribute('aria-selected', String(isChosen));
    tab.tabIndex = isChosen ? 0 : -1;
    byId(tab.getAttribute('aria-controls') ?? '').hidden = !isChosen;
  }
  chosen.focus();
  if (chosen.id === 'tab-reference') void openReference();
}

for (const [index, tab] of tabs.entries()) {
  tab.addEventListener('click', () => select(tab));
  tab.addEventListener('keydown', ({ key }) => {
    const places: Readonly<Record<string, number>> = {
      ArrowRight: index + 1,
      ArrowLeft: index - 1,
      Home: 0,
      End: -1,
    };
    const place = places[key];
    const next = place === undefined ? undefined : tabs.at(place % tabs.length);
    if (next) select(next);
  });
}
// Enter in the key's field does what the open tab is for.
byId('key-form').addEventListener('submit', (event) => {
  event.preventDefault();
  const open = document.querySelector('[role=tabpanel]:not([hidden])');
  const button = open?.querySelector<HTMLButtonElement>('button.primary');
  if (button) button.click();
  else void openReference();
});
startEnrich();
startDoctor();
byId('key').focus();
