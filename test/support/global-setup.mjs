import { buildDocsPage } from '../../scripts/docs-page.mjs';

/** The page of /api/docs is read from where the build puts it. */
export default function setUp() {
  return buildDocsPage('dist/docs-page');
}
