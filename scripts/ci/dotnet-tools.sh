#!/usr/bin/env bash
# Checks what only tools of .NET can check: the Bicep files with Bicep's own compiler, and the PowerShell scripts in
# PowerShell. Both come from NuGet into a cache outside the repository. Without a .NET SDK it says what was not checked.
#
#   scripts/ci/dotnet-tools.sh            checks
#   scripts/ci/dotnet-tools.sh --write    compiles deploy/azuredeploy.json and the snapshots of infra/cases anew
set -euo pipefail
cd "$(dirname "$0")/../.."

BICEP_VERSION=0.49.2
POWERSHELL_VERSION=7.6.9
TOOLS=${DEPLOY_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/alert-ip-deploy-tools}

command -v dotnet >/dev/null || {
  cat >&2 <<'EOF'
**********************************************************************************************
* NOT CHECKED: there is no .NET SDK here (dotnet). Not run: bicep lint, format, build, snapshot,
* and the PowerShell scripts. The tests on the committed templates and snapshots run all the same.
**********************************************************************************************
EOF
  exit 0
}

mkdir -p "$TOOLS"
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1
bicep="$TOOLS/nuget/azure.bicep.commandline.linux-x64/$BICEP_VERSION/tools/bicep"
[ -f "$bicep" ] || {
  cat >"$TOOLS/tools.csproj" <<EOF
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup><TargetFramework>net8.0</TargetFramework></PropertyGroup>
  <ItemGroup><PackageDownload Include="Azure.Bicep.CommandLine.linux-x64" Version="[$BICEP_VERSION]" /></ItemGroup>
</Project>
EOF
  dotnet restore "$TOOLS/tools.csproj" --packages "$TOOLS/nuget" --verbosity quiet
}
chmod +x "$bicep"
[ -x "$TOOLS/pwsh" ] || dotnet tool install PowerShell --version "$POWERSHELL_VERSION" --tool-path "$TOOLS" >/dev/null

# What a case is evaluated for; none of it exists.
scope=(
  --subscription-id 11111111-1111-4111-8111-111111111111 --tenant-id 22222222-2222-4222-8222-222222222222
  --resource-group rg-alert-ip --location westeurope --deployment-name case
)

# Runs a tool that has nothing to say when all is well: a warning counts as a failure.
silent() {
  local said
  said=$("$@" 2>&1) || { echo "$said" >&2; return 1; }
  [ -z "$said" ] || { echo "$said" >&2; return 1; }
}

if [ "${1:-}" = --write ]; then
  npm run --silent docs
  for file in infra/*.bicep infra/modules/*.bicep infra/cases/*.bicepparam; do "$bicep" format "$file"; done
  "$bicep" build infra/app.bicep --outfile deploy/azuredeploy.json
  for case in infra/cases/*.bicepparam; do "$bicep" snapshot "$case" "${scope[@]}"; done
  # Bicep writes outputs in another order each time.
  node -e '
    for (const path of process.argv.slice(1)) {
      const { outputs, ...rest } = JSON.parse(require("fs").readFileSync(path, "utf8"));
      const sorted = Object.fromEntries(Object.entries(outputs).sort());
      require("fs").writeFileSync(path, JSON.stringify({ ...rest, outputs: sorted }, null, 2) + "\n");
    }
  ' infra/cases/*.snapshot.json
  npm run --silent docs # the table of parameters is made of the template
  exit 0
fi

echo '-- bicep lint and format'
for file in infra/*.bicep infra/modules/*.bicep infra/cases/*.bicepparam; do
  silent "$bicep" lint "$file"
  "$bicep" format "$file" --stdout | diff "$file" - || { echo "$file: run bicep format" >&2; exit 1; }
done

echo '-- bicep build equals deploy/azuredeploy.json'
"$bicep" build infra/app.bicep --stdout | diff deploy/azuredeploy.json - >/dev/null || {
  echo 'deploy/azuredeploy.json is not what infra/app.bicep compiles to: npm run templates' >&2
  exit 1
}

echo '-- bicep snapshot of each case'
for case in infra/cases/*.bicepparam; do "$bicep" snapshot "$case" --mode validate "${scope[@]}"; done

echo '-- the scripts in PowerShell'
PWSH="$TOOLS/pwsh" npm test -- --silent test/deploy/scripts.test.ts
