// `@azure/functions` asks for "@azure/functions-core" with require(). In a worker process the host
// answers by patching require; under Jest, which has a module system of its own, this file is mapped
// to that name (jest.config.js) and hands out the local host's core.
module.exports = globalThis[Symbol.for('local-host.functions-core')];
