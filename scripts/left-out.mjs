// An esbuild plugin.

/**
 * What applicationinsights asks for and this app never calls; the reasons and what they cost are in
 * docs/internals/dependencies.md. `main` is its way into the distribution that instruments the whole process.
 */
export const leftOut = {
  name: 'left-out',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^\.\.?\/main$/ }, ({ path, resolveDir }) =>
      /node_modules\/applicationinsights\//.test(`${resolveDir}/`)
        ? { path, namespace: 'left-out' }
        : undefined,
    );
    onResolve({ filter: /^@opentelemetry\/exporter-(logs|metrics|trace)-otlp-http$/ }, ({ path }) => ({
      path,
      namespace: 'left-out',
    }));
    // What proxy agents tell where DEBUG is set; colours and terminals come with it.
    onResolve({ filter: /^debug$/ }, ({ path }) => ({ path, namespace: 'silent' }));
    onLoad({ filter: /.*/, namespace: 'silent' }, () => ({ contents: 'module.exports = () => () => {};' }));
    onLoad({ filter: /.*/, namespace: 'left-out' }, () => ({ contents: 'module.exports = {};' }));
  },
};
