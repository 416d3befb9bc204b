import { createChunkLoader } from './chunks.js';

createChunkLoader(import.meta.dirname).load('app.cjs');
