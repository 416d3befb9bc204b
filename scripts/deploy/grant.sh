#!/usr/bin/env bash
# Gives the app's identity the permission to ask Microsoft Defender for Endpoint (Ip.Read.All). There is no button for it
# in the portal. It can be run again at any time: what is granted already stays as it is.
#
# Needs: the Azure CLI, signed in (az login) as somebody who may grant; for Ip.Read.All that is an Application
# Administrator, a Cloud Application Administrator or a Privileged Role Administrator. Azure Cloud Shell has all of it.
set -euo pipefail

usage() {
  cat <<'EOF'
grant.sh --principal-id ID                       the identity's object id (azd gives it in IDENTITY_PRINCIPAL_ID)
grant.sh --identity NAME -g GROUP                a user-assigned identity, by its name
grant.sh --identity NAME -g GROUP --create -l REGION   the same, made first if it does not exist

  --cloud NAME         commercial (default), gcc, gcc-high, dod
  --permission LIST    separated by commas: Ip.Read.All (default; Defender), SecurityAlert.Read.All (Microsoft Graph)
  --check              only look, change nothing
  --wait SECONDS       how long to wait after a new grant (default 60): a token fetched too early lacks it for a day

Exit code: 0 granted, 1 it failed, 2 you may not grant, 3 this tenant has no such API or permission, 4 missing (--check)
EOF
}

principal=${IDENTITY_PRINCIPAL_ID:-} identity='' group='' region='' create='' check=''
cloud=${DEFENDER_CLOUD:-commercial} permissions=Ip.Read.All wait=60
tries=10 pause=${GRANT_RETRY_SECONDS:-6}

say() { printf '%s\n' "$*"; }
fail() { printf 'grant.sh: %s\n' "$2" >&2; exit "$1"; }

while [ $# -gt 0 ]; do
  case $1 in
    --check) check=yes ;;
    --create) create=yes ;;
    -h | --help) usage; exit 0 ;;
    --principal-id | --identity | -g | --resource-group | -l | --location | --cloud | --permission | --wait)
      [ $# -gt 1 ] || fail 1 "$1 wants a value (--help)"
      case $1 in
        --principal-id) principal=$2 ;;
        --identity) identity=$2 ;;
        -g | --resource-group) group=$2 ;;
        -l | --location) region=$2 ;;
        --cloud) cloud=$2 ;;
        --permission) permissions=$2 ;;
        --wait) wait=$2 ;;
      esac
      shift
      ;;
    *) fail 1 "unknown argument $1 (--help)" ;;
  esac
  shift
done
case $wait in '' | *[!0-9]*) fail 1 "--wait wants a number of seconds, not $wait" ;; esac

case $cloud in
  commercial | gcc) graph=https://graph.microsoft.com ;;
  gcc-high) graph=https://graph.microsoft.us ;;
  dod) graph=https://dod-graph.microsoft.us ;;
  *) fail 1 "--cloud must be commercial, gcc, gcc-high or dod, not $cloud" ;;
esac

errors=$(mktemp)
body=$(mktemp)
trap 'rm -f "$errors" "$body"' EXIT

# Calls the Azure CLI; what it says of an error is in $errors.
run_az() { az "$@" --only-show-errors 2>"$errors"; }

tenant=$(run_az account show --query tenantId -o tsv) ||
  fail 1 'the Azure CLI is not signed in: az login (in US government first: az cloud set --name AzureUSGovernment)'
[ -z "${AZURE_TENANT_ID:-}" ] || [ "$tenant" = "$AZURE_TENANT_ID" ] ||
  fail 1 "the Azure CLI is signed in to tenant $tenant, azd to $AZURE_TENANT_ID: az login --tenant $AZURE_TENANT_ID"
known=$(run_az cloud show --query endpoints.microsoftGraphResourceId -o tsv) || fail 1 "$(cat "$errors")"
case "$cloud ${known%/}" in
  "commercial https://graph.microsoft.com" | "gcc https://graph.microsoft.com") ;;
  "gcc-high https://graph.microsoft.us" | "dod https://graph.microsoft.us" | "dod https://dod-graph.microsoft.us") ;;
  *) fail 1 "--cloud $cloud does not fit the Azure CLI's cloud, whose Graph is ${known%/}: az cloud set --name NAME; az login" ;;
esac

if [ -n "$identity" ]; then
  [ -n "$group" ] || fail 1 '--identity wants its resource group: -g GROUP'
  if ! principal=$(run_az identity show -g "$group" -n "$identity" --query principalId -o tsv); then
    [ -n "$create" ] || fail 1 "there is no identity $identity in $group (--create -l REGION makes it): $(cat "$errors")"
    [ -n "$region" ] || fail 1 '--create wants a region: -l REGION'
    [ -z "$check" ] || fail 4 "there is no identity $identity in $group yet"
    principal=$(run_az identity create -g "$group" -n "$identity" -l "$region" --query principalId -o tsv) ||
      fail 1 "the identity could not be made: $(cat "$errors")"
    say "Made the identity $identity, object id $principal."
  fi
fi
[[ $principal =~ ^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$ ]] ||
  fail 1 "whose permission is it? --principal-id ID, an object id (a GUID), or --identity NAME -g GROUP (--help)"

# Calls Microsoft Graph: METHOD, the address after /v1.0/ or a whole one, and more arguments of az rest.
graph() {
  local method=$1 url=$2
  shift 2
  case $url in https:* | http:*) ;; *) url=$graph/v1.0/$url ;; esac
  run_az rest --method "$method" --url "$url" --resource "$graph" "$@"
}
error_is() { grep -qiE "$1" "$errors"; }
NOT_THERE_YET='Request_ResourceNotFound|Not a valid reference update|does not exist|Not Found'
MAY_NOT='Authorization_RequestDenied|Forbidden|Insufficient privileges'

# Says who may grant, and what they have to run.
may_not() {
  local who='an Application Administrator, a Cloud Application Administrator or a Privileged Role Administrator'
  [ "$1" = Ip.Read.All ] || who='a Privileged Role Administrator'
  cat >&2 <<EOF
grant.sh: you may not grant $1. Ask $who of tenant $tenant to run this, for instance in Azure Cloud Shell (Bash):

  bash grant.sh --principal-id $principal --cloud $cloud --permission $1

Until then the app is answered 403 by the API; the doctor (GET /api/doctor) shows when it is there.
EOF
  exit 2
}

# Whether the identity has the role $2 of the API $1: 0 yes, 1 no, 2 Graph does not know the identity yet.
is_granted() {
  local url="servicePrincipals/$principal/appRoleAssignments" page
  while [ -n "$url" ]; do
    page=$(graph GET "$url" -o tsv --query \
      "[join(',', value[?appRoleId=='$2' && resourceId=='$1'].id), \"@odata.nextLink\" || '']") || {
      error_is "$NOT_THERE_YET" && return 2
      error_is "$MAY_NOT" && may_not "$permission"
      fail 1 "Graph did not say what is granted: $(cat "$errors")"
    }
    [ -z "$(printf '%s\n' "$page" | sed -n 1p)" ] || return 0
    url=$(printf '%s\n' "$page" | sed -n 2p)
    # The Azure CLI would send the token wherever it is told to.
    case $url in '' | "$graph"/*) ;; *) fail 1 "Graph named a next page at another host; it is not asked: $url" ;; esac
  done
  return 1
}

granted_now=''
grant_one() {
  local permission=$1 app api_name known_role api role try state
  case $permission in
    Ip.Read.All)
      app=fc780465-2017-40d4-a0c5-307022471b92 api_name='WindowsDefenderATP (Microsoft Defender for Endpoint)'
      known_role=47bf842d-354b-49ef-b741-3a6dd815bc13
      ;;
    SecurityAlert.Read.All) # its id differs by cloud
      app=00000003-0000-0000-c000-000000000000 api_name='Microsoft Graph' known_role=''
      ;;
    *) fail 1 "--permission knows Ip.Read.All and SecurityAlert.Read.All, not $permission" ;;
  esac

  api=$(graph GET "servicePrincipals(appId='$app')?\$select=id" --query id -o tsv) || {
    error_is "$MAY_NOT" && may_not "$permission"
    error_is "$NOT_THERE_YET" && fail 3 "$api_name is not in tenant $tenant: it was never set up there. Open https://security.microsoft.com (or your cloud's portal) as an administrator, wait until it is ready, and repeat."
    fail 1 "Graph did not answer: $(cat "$errors")"
  }
  role=$(graph GET "servicePrincipals/$api?\$select=appRoles" -o tsv --query \
    "appRoles[?value=='$permission' && contains(allowedMemberTypes, 'Application')].id | [0]") ||
    fail 1 "Graph did not say which permissions there are: $(cat "$errors")"
  [ -n "$role" ] || fail 3 "$api_name has no application permission $permission in this cloud."
  [ -z "$known_role" ] || [ "$role" = "$known_role" ] ||
    say "Note: $permission has the id $role in this cloud, elsewhere $known_role. This cloud's is used."

  try=1
  while :; do
    state=0
    is_granted "$api" "$role" || state=$?
    if [ "$state" = 0 ]; then
      if [ "$granted_now" = "$permission" ]; then say "Granted: $permission of $api_name."
      else say "Already granted: $permission of $api_name."; fi
      return
    fi
    if [ "$state" = 1 ] && [ -n "$check" ]; then
      say "Missing: $permission of $api_name."
      exit 4
    fi
    if [ "$state" = 1 ] && [ "$granted_now" != "$permission" ]; then
      printf '{"principalId":"%s","resourceId":"%s","appRoleId":"%s"}' "$principal" "$api" "$role" >"$body"
      if graph POST "servicePrincipals/$api/appRoleAssignedTo" --headers Content-Type=application/json \
        --body "@$body" >/dev/null || error_is 'Permission being assigned already exists'; then
        granted_now=$permission
        continue # read back: it is there when Graph says so
      fi
      error_is "$MAY_NOT" && may_not "$permission"
      error_is "$NOT_THERE_YET" || fail 1 "Graph refused the grant: $(cat "$errors")"
    fi
    # An identity or a grant that was just made is not everywhere yet.
    [ "$try" -lt "$tries" ] ||
      fail 1 "Graph does not know the identity $principal, or its grant, after $tries tries. Is it an object id, and of this tenant ($tenant)? Else repeat in a minute."
    say "Waiting until Graph knows the identity ($try of $tries)…"
    try=$((try + 1))
    sleep "$pause"
  done
}

IFS=, read -r -a wanted <<<"$permissions"
for permission in "${wanted[@]}"; do grant_one "$permission"; done
if [ -n "$granted_now" ] && [ "$wait" -gt 0 ]; then
  say "Waiting $wait s before code may start: a token that is fetched now could lack the permission, and is kept for a day."
  sleep "$wait"
fi
