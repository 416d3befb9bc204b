<#
.SYNOPSIS
Asks a deployed app whether it is up, and its doctor what is missing.

.DESCRIPTION
Needs the Azure CLI, signed in as somebody who may list the app's keys (Website Contributor, for instance).
Exit code: 0 it works (perhaps with warnings), 1 it does not

.EXAMPLE
./smoke.ps1 -ResourceGroup soc -Name alert-ip
#>
param(
  # The function app; azd gives it in AZURE_RESOURCE_GROUP and AZURE_FUNCTION_NAME.
  [string]$ResourceGroup = $env:AZURE_RESOURCE_GROUP,
  [string]$Name = $env:AZURE_FUNCTION_NAME,
  # Where it is reached, if that is not its default host name.
  [string]$Url = $env:AZURE_FUNCTION_URL,
  # Make one call to Defender about this alert.
  [string]$Probe
)
# Not Stop: Windows PowerShell would take what the Azure CLI says on its error stream for the end of the script.
$ErrorActionPreference = 'Continue'
$ProgressPreference = 'SilentlyContinue'
$tries = 10
$pause = 6
if ($env:SMOKE_RETRY_SECONDS) { $pause = [int]$env:SMOKE_RETRY_SECONDS }

function Stop-Script([string]$Message) {
  [Console]::Error.WriteLine("smoke.ps1: $Message")
  exit 1
}
if (-not $ResourceGroup -or -not $Name) { Stop-Script 'which app? -ResourceGroup GROUP -Name APP' }
if ($Probe -and $Probe -notmatch '^[A-Za-z0-9_-]+$') { Stop-Script '-Probe wants the id of an alert: letters, digits, _ and -' }
if (-not $Url) {
  $found = & az functionapp show -g $ResourceGroup -n $Name --query defaultHostName -o tsv --only-show-errors
  if ($LASTEXITCODE -ne 0) { Stop-Script "there is no function app $Name in $ResourceGroup, or you may not see it" }
  $Url = "https://$found"
}
$Url = $Url.TrimEnd('/')

# Status and text of a GET; 0 where there was no answer. Both generations of PowerShell throw for other statuses than 2xx.
function Get-Answer([string]$Path, [hashtable]$Headers) {
  $request = [Net.HttpWebRequest]::Create("$Url/api/$Path")
  $request.Timeout = 60000
  foreach ($header in $Headers.Keys) { $request.Headers.Add($header, $Headers[$header]) }
  try { $response = $request.GetResponse() }
  catch {
    $inner = $_.Exception
    while ($inner -and -not ($inner -is [Net.WebException])) { $inner = $inner.InnerException }
    $response = if ($inner) { $inner.Response }
    if (-not $response) { return @{ Status = 0; Text = '' } }
  }
  $reader = New-Object IO.StreamReader($response.GetResponseStream())
  $text = $reader.ReadToEnd()
  $reader.Dispose()
  return @{ Status = [int]$response.StatusCode; Text = $text }
}

for ($try = 1; ; $try++) {
  $answer = Get-Answer 'health' @{}
  if ($answer.Status -eq 200) { break }
  if ($try -ge $tries) {
    [Console]::Error.WriteLine($answer.Text)
    switch ($answer.Status) {
      503 { Stop-Script "$Url/api/health answers 503: a setting is wrong, and the answer names it." }
      0 { Stop-Script "$Url cannot be reached. Is the package deployed, and does the app's network let you in?" }
      default { Stop-Script "$Url/api/health answers $($answer.Status). Is the package deployed? 404 is an app without functions." }
    }
  }
  Write-Output "Waiting until the app is up ($try of $tries): $($answer.Status)"
  Start-Sleep -Seconds $pause
}
Write-Output "Up: $($answer.Text)"

$key = [string](& az functionapp keys list -g $ResourceGroup -n $Name --query functionKeys.default -o tsv --only-show-errors)
if ($LASTEXITCODE -ne 0) { Stop-Script "the app is up, but you may not list the keys of $Name; its doctor wants one." }
if (-not $key) { Stop-Script "the app $Name has no function key called default." }
$query = 'doctor?format=text'
if ($Probe) { $query += "&probe=$Probe" }
$answer = Get-Answer $query @{ 'x-functions-key' = $key }
Write-Output $answer.Text
if ($answer.Status -ne 200) {
  Stop-Script "the doctor answers $($answer.Status). 401: the key is not accepted yet, repeat in a minute."
}
if ($answer.Text -match '(?m)^fail') { Stop-Script 'it does not work yet: the first line with "fail" above says what to do.' }
exit 0
