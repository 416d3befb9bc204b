// The page of /api/docs is read from where the build puts it.
export { buildDocsPage as default } from '../../scripts/docs-page.mjs';
