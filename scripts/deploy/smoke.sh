#!/usr/bin/env bash
# Asks a deployed app whether it is up, and its doctor what is missing.
# Needs: the Azure CLI, signed in as somebody who may list the app's keys (Website Contributor, for instance), and curl.
set -euo pipefail

usage() {
  cat <<'EOF'
smoke.sh -g GROUP -n APP [--probe ALERT_ID]

  -g, -n               the function app (azd gives it in AZURE_RESOURCE_GROUP and AZURE_FUNCTION_NAME)
  --url URL            where it is reached, if that is not its default host name
  --probe ALERT_ID     make one call to Defender about this alert

Exit code: 0 it works (perhaps with warnings), 1 it does not
EOF
}

group=${AZURE_RESOURCE_GROUP:-} name=${AZURE_FUNCTION_NAME:-} url=${AZURE_FUNCTION_URL:-} probe=''
tries=10 pause=${SMOKE_RETRY_SECONDS:-6}
fail() { printf 'smoke.sh: %s\n' "$*" >&2; exit 1; }

while [ $# -gt 0 ]; do
  case $1 in
    -h | --help) usage; exit 0 ;;
    -g | -n | --url | --probe)
      [ $# -gt 1 ] || fail "$1 wants a value (--help)"
      case $1 in -g) group=$2 ;; -n) name=$2 ;; --url) url=$2 ;; --probe) probe=$2 ;; esac
      shift
      ;;
    *) fail "unknown argument $1 (--help)" ;;
  esac
  shift
done
if [ -z "$group" ] || [ -z "$name" ]; then fail 'which app? -g GROUP -n APP (--help)'; fi
case $probe in *[!A-Za-z0-9_-]*) fail '--probe wants the id of an alert: letters, digits, _ and -' ;; esac

if [ -z "$url" ]; then
  host=$(az functionapp show -g "$group" -n "$name" --query defaultHostName -o tsv --only-show-errors) ||
    fail "there is no function app $name in $group, or you may not see it"
  url=https://$host
fi
url=${url%/}
answer=$(mktemp)
trap 'rm -f "$answer"' EXIT

# Status of a GET, the body in $answer; a header line comes by the standard input, so that no key is in a list of processes.
get() { curl -sS --max-time 60 -o "$answer" -w '%{http_code}' -H @- "$url/api/$1" || true; }

try=1
until status=$(get health </dev/null) && [ "$status" = 200 ]; do
  if [ "$try" -ge "$tries" ]; then
    cat "$answer" >&2
    case $status in
      503) fail "$url/api/health answers 503: a setting is wrong, and the answer names it." ;;
      000) fail "$url cannot be reached. Is the package deployed, and does the app's network let you in?" ;;
      *) fail "$url/api/health answers $status. Is the package deployed? 404 is an app without functions." ;;
    esac
  fi
  echo "Waiting until the app is up ($try of $tries): $status"
  try=$((try + 1))
  sleep "$pause"
done
echo "Up: $(cat "$answer")"

key=$(az functionapp keys list -g "$group" -n "$name" --query functionKeys.default -o tsv --only-show-errors) ||
  fail "the app is up, but you may not list the keys of $name; its doctor wants one."
[ -n "$key" ] || fail "the app $name has no function key called default."
status=$(printf 'x-functions-key: %s\n' "$key" | get "doctor?format=text${probe:+&probe=$probe}")
cat "$answer"
[ "$status" = 200 ] || fail "the doctor answers $status. 401: the key is not accepted yet, repeat in a minute."
! grep -q '^fail' "$answer" || fail 'it does not work yet: the first line with "fail" above says what to do.'
