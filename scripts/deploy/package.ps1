# Makes the package that azd deploys (out/app). What V8 has compiled is in it for the machine that packages: on Windows the
# package works, and starts more slowly than one made on Linux (docs/guides/deploy.md).
Set-Location (Join-Path $PSScriptRoot '../..')
if (-not (Test-Path node_modules)) {
  npm ci --no-audit --no-fund
  if ($LASTEXITCODE -ne 0) { exit $LASTEXITCODE }
}
Write-Output 'Note: this machine is not Linux on x64. The package works, and starts more slowly than one made there.'
npm run --silent package
exit $LASTEXITCODE
