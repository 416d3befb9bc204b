<#
.SYNOPSIS
Gives the app's identity the permission to ask Microsoft Defender for Endpoint (Ip.Read.All).

.DESCRIPTION
There is no button for it in the portal. It can be run again at any time: what is granted already stays as it is.
Needs the Azure CLI, signed in (az login) as somebody who may grant; for Ip.Read.All that is an Application Administrator,
a Cloud Application Administrator or a Privileged Role Administrator. Runs in Windows PowerShell 5.1 and in PowerShell 7.

Exit code: 0 granted, 1 it failed, 2 you may not grant, 3 this tenant has no such API or permission, 4 missing (-Check)

.EXAMPLE
./grant.ps1 -PrincipalId 00000000-0000-0000-0000-000000000000

.EXAMPLE
./grant.ps1 -Identity alert-ip -ResourceGroup soc -Create -Location westeurope
#>
param(
  # The identity's object id; azd gives it in IDENTITY_PRINCIPAL_ID.
  [string]$PrincipalId = $env:IDENTITY_PRINCIPAL_ID,
  # A user-assigned identity, by its name.
  [string]$Identity,
  [string]$ResourceGroup,
  # Make it first if it does not exist.
  [switch]$Create,
  [string]$Location,
  # commercial, gcc, gcc-high or dod
  [string]$Cloud,
  # Ip.Read.All (Defender), SecurityAlert.Read.All (Microsoft Graph)
  [string[]]$Permission = @('Ip.Read.All'),
  # Only look, change nothing.
  [switch]$Check,
  # How long to wait after a new grant, in seconds: a token fetched too early lacks it for a day.
  [int]$Wait = 60
)
# Not Stop: Windows PowerShell would take what the Azure CLI says on its error stream for the end of the script.
$ErrorActionPreference = 'Continue'
if (-not $Cloud) { $Cloud = $env:DEFENDER_CLOUD }
if (-not $Cloud) { $Cloud = 'commercial' }
$tries = 10
$pause = 6
if ($env:GRANT_RETRY_SECONDS) { $pause = [int]$env:GRANT_RETRY_SECONDS }
$errorFile = [IO.Path]::GetTempFileName()
$bodyFile = [IO.Path]::GetTempFileName()

function Stop-Script([int]$Code, [string]$Message) {
  if ($Message) { [Console]::Error.WriteLine("grant.ps1: $Message") }
  Remove-Item -Force -ErrorAction SilentlyContinue $errorFile, $bodyFile
  exit $Code
}

# Calls the Azure CLI; the lines it answers, or $null. What it says of an error is in $script:failure.
function Invoke-Az([string[]]$Arguments) {
  $answer = & az @Arguments --only-show-errors 2>$errorFile
  $script:isDone = $LASTEXITCODE -eq 0
  $script:failure = [string](Get-Content -Raw -ErrorAction SilentlyContinue $errorFile)
  return $answer
}

switch -CaseSensitive ($Cloud) {
  { $_ -in 'commercial', 'gcc' } { $graph = 'https://graph.microsoft.com' }
  'gcc-high' { $graph = 'https://graph.microsoft.us' }
  'dod' { $graph = 'https://dod-graph.microsoft.us' }
  default { Stop-Script 1 "-Cloud must be commercial, gcc, gcc-high or dod, not $Cloud" }
}

$tenant = [string](Invoke-Az @('account', 'show', '--query', 'tenantId', '-o', 'tsv'))
if (-not $isDone) {
  Stop-Script 1 'the Azure CLI is not signed in: az login (in US government first: az cloud set --name AzureUSGovernment)'
}
if ($env:AZURE_TENANT_ID -and $tenant -ne $env:AZURE_TENANT_ID) {
  Stop-Script 1 "the Azure CLI is signed in to tenant $tenant, azd to $($env:AZURE_TENANT_ID): az login --tenant $($env:AZURE_TENANT_ID)"
}
$known = ([string](Invoke-Az @('cloud', 'show', '--query', 'endpoints.microsoftGraphResourceId', '-o', 'tsv'))).TrimEnd('/')
if (-not $isDone) { Stop-Script 1 $failure }
$fits = $known -eq $graph -or ($Cloud -eq 'dod' -and $known -eq 'https://graph.microsoft.us')
if (-not $fits) {
  Stop-Script 1 "-Cloud $Cloud does not fit the Azure CLI's cloud, whose Graph is ${known}: az cloud set --name NAME; az login"
}

if ($Identity) {
  if (-not $ResourceGroup) { Stop-Script 1 '-Identity wants its resource group: -ResourceGroup GROUP' }
  $PrincipalId = [string](Invoke-Az @('identity', 'show', '-g', $ResourceGroup, '-n', $Identity, '--query', 'principalId', '-o', 'tsv'))
  if (-not $isDone) {
    if (-not $Create) { Stop-Script 1 "there is no identity $Identity in $ResourceGroup (-Create -Location REGION makes it): $failure" }
    if (-not $Location) { Stop-Script 1 '-Create wants a region: -Location REGION' }
    if ($Check) { Stop-Script 4 "there is no identity $Identity in $ResourceGroup yet" }
    $PrincipalId = [string](Invoke-Az @('identity', 'create', '-g', $ResourceGroup, '-n', $Identity, '-l', $Location, '--query', 'principalId', '-o', 'tsv'))
    if (-not $isDone) { Stop-Script 1 "the identity could not be made: $failure" }
    Write-Output "Made the identity $Identity, object id $PrincipalId."
  }
}
if ($PrincipalId -notmatch '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$') {
  Stop-Script 1 'whose permission is it? -PrincipalId ID, an object id (a GUID), or -Identity NAME -ResourceGroup GROUP'
}

# Calls Microsoft Graph: the address after /v1.0/, or a whole one. What it answers is read here, not by a query of the
# Azure CLI: on Windows that is a batch file, to which no argument with quotes gets unharmed.
function Invoke-Graph([string]$Method, [string]$Url, [string[]]$More) {
  if ($Url -notmatch '^https?:') { $Url = "$graph/v1.0/$Url" }
  $answer = Invoke-Az (@('rest', '--method', $Method, '--url', $Url, '--resource', $graph, '-o', 'json') + $More)
  if ($answer) { return ($answer -join "`n") | ConvertFrom-Json }
}
$notThereYet = 'Request_ResourceNotFound|Not a valid reference update|does not exist|Not Found'
$mayNot = 'Authorization_RequestDenied|Forbidden|Insufficient privileges'

# Says who may grant, and what they have to run.
function Stop-MayNot([string]$Name) {
  $who = 'an Application Administrator, a Cloud Application Administrator or a Privileged Role Administrator'
  if ($Name -ne 'Ip.Read.All') { $who = 'a Privileged Role Administrator' }
  Stop-Script 2 @"
you may not grant $Name. Ask $who of tenant $tenant to run this, for instance in Azure Cloud Shell (PowerShell):

  ./grant.ps1 -PrincipalId $PrincipalId -Cloud $Cloud -Permission $Name

Until then the app is answered 403 by the API; the doctor (GET /api/doctor) shows when it is there.
"@
}

# Whether the identity has the role of the API: granted, missing, or unknown where Graph does not know the identity yet.
function Get-Grant([string]$Api, [string]$Role, [string]$Name) {
  $url = "servicePrincipals/$PrincipalId/appRoleAssignments"
  while ($url) {
    $page = Invoke-Graph 'GET' $url
    if (-not $isDone) {
      if ($failure -match $notThereYet) { return 'unknown' }
      if ($failure -match $mayNot) { Stop-MayNot $Name }
      Stop-Script 1 "Graph did not say what is granted: $failure"
    }
    if ($page.value | Where-Object { $_.appRoleId -eq $Role -and $_.resourceId -eq $Api }) { return 'granted' }
    $url = [string]$page.'@odata.nextLink'
    # The Azure CLI would send the token wherever it is told to.
    if ($url -and -not $url.StartsWith("$graph/")) {
      Stop-Script 1 "Graph named a next page at another host; it is not asked: $url"
    }
  }
  return 'missing'
}

$apis = @{
  'Ip.Read.All' = @{
    App = 'fc780465-2017-40d4-a0c5-307022471b92'; Name = 'WindowsDefenderATP (Microsoft Defender for Endpoint)'
    Role = '47bf842d-354b-49ef-b741-3a6dd815bc13'
  }
  # Its id differs by cloud.
  'SecurityAlert.Read.All' = @{ App = '00000003-0000-0000-c000-000000000000'; Name = 'Microsoft Graph'; Role = '' }
}
$grantedNow = $false

foreach ($name in ($Permission | ForEach-Object { $_ -split ',' })) {
  $api = $apis[$name]
  if (-not $api) { Stop-Script 1 "-Permission knows Ip.Read.All and SecurityAlert.Read.All, not $name" }
  $apiId = (Invoke-Graph 'GET' "servicePrincipals(appId='$($api.App)')?`$select=id").id
  if (-not $isDone) {
    if ($failure -match $mayNot) { Stop-MayNot $name }
    if ($failure -match $notThereYet) {
      Stop-Script 3 "$($api.Name) is not in tenant ${tenant}: it was never set up there. Open https://security.microsoft.com (or your cloud's portal) as an administrator, wait until it is ready, and repeat."
    }
    Stop-Script 1 "Graph did not answer: $failure"
  }
  $roles = (Invoke-Graph 'GET' "servicePrincipals/${apiId}?`$select=appRoles").appRoles
  if (-not $isDone) { Stop-Script 1 "Graph did not say which permissions there are: $failure" }
  $role = [string]($roles | Where-Object { $_.value -ceq $name -and $_.allowedMemberTypes -contains 'Application' } |
      Select-Object -First 1).id
  if (-not $role) { Stop-Script 3 "$($api.Name) has no application permission $name in this cloud." }
  if ($api.Role -and $role -ne $api.Role) {
    Write-Output "Note: $name has the id $role in this cloud, elsewhere $($api.Role). This cloud's is used."
  }

  $isPosted = $false
  for ($try = 1; ; ) {
    $state = Get-Grant $apiId $role $name
    if ($state -eq 'granted') {
      if ($isPosted) { Write-Output "Granted: $name of $($api.Name)." }
      else { Write-Output "Already granted: $name of $($api.Name)." }
      break
    }
    if ($state -eq 'missing' -and $Check) {
      Write-Output "Missing: $name of $($api.Name)."
      Stop-Script 4
    }
    if ($state -eq 'missing' -and -not $isPosted) {
      $body = @{ principalId = $PrincipalId; resourceId = $apiId; appRoleId = $role } | ConvertTo-Json -Compress
      [IO.File]::WriteAllText($bodyFile, $body)
      $null = Invoke-Graph 'POST' "servicePrincipals/$apiId/appRoleAssignedTo" @(
        '--headers', 'Content-Type=application/json', '--body', "@$bodyFile")
      if ($isDone -or $failure -match 'Permission being assigned already exists') {
        $isPosted = $true
        $grantedNow = $true
        continue # read back: it is there when Graph says so
      }
      if ($failure -match $mayNot) { Stop-MayNot $name }
      if ($failure -notmatch $notThereYet) { Stop-Script 1 "Graph refused the grant: $failure" }
    }
    # An identity or a grant that was just made is not everywhere yet.
    if ($try -ge $tries) {
      Stop-Script 1 "Graph does not know the identity $PrincipalId, or its grant, after $tries tries. Is it an object id, and of this tenant ($tenant)? Else repeat in a minute."
    }
    Write-Output "Waiting until Graph knows the identity ($try of $tries)..."
    $try++
    Start-Sleep -Seconds $pause
  }
}
if ($grantedNow -and $Wait -gt 0) {
  Write-Output "Waiting $Wait s before code may start: a token that is fetched now could lack the permission, and is kept for a day."
  Start-Sleep -Seconds $Wait
}
Stop-Script 0
