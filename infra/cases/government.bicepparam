using '../app.bicep'

param plan = 'dedicated'
param dedicatedSku = 'P1v3'
param zoneRedundant = true
param defenderCloud = 'gcc-high'
