// What `azd up` makes: a resource group, and in it all of app.bicep. azd deploys to Flex Consumption only.
targetScope = 'subscription'

@description('The name of the azd environment; the resource group is called after it.')
@minLength(1)
@maxLength(64)
param environmentName string

@description('Where everything is made.')
@minLength(1)
param location string

@description('What all names begin with: 2 to 16 letters and digits.')
@minLength(2)
@maxLength(16)
param namePrefix string = 'alertip'

@description('The Node version that runs the app.')
@allowed([
  '22'
  '24'
])
param nodeVersion string = '22'

@description('The cloud of your Defender tenant.')
@allowed([
  'commercial'
  'gcc'
  'gcc-high'
  'dod'
])
param defenderCloud string = 'commercial'

@description('A user-assigned identity to use, by its resource id. Empty: a new one is made.')
param identityResourceId string = ''

@description('A Log Analytics workspace to use, by its resource id. Empty: a new one is made.')
param logAnalyticsWorkspaceId string = ''

@description('Who gets a mail when an alert rule fires. Empty: no rule is made.')
param alertEmail string = ''

@description('A virtual network, and a storage account that only private endpoints reach.')
param networkIsolation bool = false

@description('Instances and storage in several zones.')
param zoneRedundant bool = false

@description('Instances for requests that are always up.')
param alwaysReadyHttp int = 0

@description('Instances for jobs, and as many for deliveries, that are always up.')
param alwaysReadyWorkers int = 0

@description('Who may call the app, as address ranges or service tags. Empty: anyone who has a key.')
param allowedCallers array = []

@description('More settings of the app. A deployment replaces all settings.')
@secure()
param appSettings object = {}

var tags = {
  'azd-env-name': environmentName
}

resource group 'Microsoft.Resources/resourceGroups@2024-03-01' = {
  name: 'rg-${environmentName}'
  location: location
  tags: tags
}

module app 'app.bicep' = {
  name: 'app'
  scope: group
  params: {
    location: location
    namePrefix: namePrefix
    nodeVersion: nodeVersion
    defenderCloud: defenderCloud
    identityResourceId: identityResourceId
    logAnalyticsWorkspaceId: logAnalyticsWorkspaceId
    alertEmail: alertEmail
    networkIsolation: networkIsolation
    zoneRedundant: zoneRedundant
    alwaysReadyHttp: alwaysReadyHttp
    alwaysReadyWorkers: alwaysReadyWorkers
    allowedCallers: allowedCallers
    appSettings: appSettings
    tags: tags
  }
}

@description('The resource group.')
output AZURE_RESOURCE_GROUP string = group.name

@description('The function app.')
output AZURE_FUNCTION_NAME string = app.outputs.functionName

@description('Where callers reach it.')
output AZURE_FUNCTION_URL string = app.outputs.functionUrl

@description('The identity that asks Defender, by its object id.')
output IDENTITY_PRINCIPAL_ID string = app.outputs.identityPrincipalId

@description('The same identity, by its client id.')
output IDENTITY_CLIENT_ID string = app.outputs.identityClientId

@description('The cloud of the Defender tenant.')
output DEFENDER_CLOUD string = defenderCloud
