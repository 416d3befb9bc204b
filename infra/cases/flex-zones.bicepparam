using '../app.bicep'

param zoneRedundant = true
param alwaysReadyHttp = 2
param alwaysReadyWorkers = 2
param nodeVersion = '24'
