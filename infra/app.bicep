// Everything that the app needs, in one resource group. The order matters: identity, roles, app, code. A token that is
// fetched before a role or a grant is there is kept by the platform for about a day.
targetScope = 'resourceGroup'

metadata name = 'Defender alert IP enrichment'
metadata description = 'A function app that enriches security alerts with their related IPs from Microsoft Defender for Endpoint, without keys or secrets.'

@description('Where everything is made.')
param location string = resourceGroup().location

@description('What all names begin with: 2 to 16 letters and digits.')
@minLength(2)
@maxLength(16)
param namePrefix string = 'alertip'

@description('flex: Flex Consumption, billed by use. dedicated: App Service plan, for clouds and regions without Flex Consumption, such as US government.')
@allowed([
  'flex'
  'dedicated'
])
param plan string = 'flex'

@description('The size of instances of a dedicated plan.')
@allowed([
  'B1'
  'P0v3'
  'P1v3'
])
param dedicatedSku string = 'B1'

@description('The Node version that runs the app: the one that the package was made for. Support of 22 ends in April 2027, of 24 in April 2029.')
@allowed([
  '22'
  '24'
])
param nodeVersion string = '22'

@description('A user-assigned identity to use, by its resource id: best one that has the permission Ip.Read.All already. Empty: a new one is made.')
param identityResourceId string = ''

@description('The cloud of your Defender tenant.')
@allowed([
  'commercial'
  'gcc'
  'gcc-high'
  'dod'
])
param defenderCloud string = 'commercial'

@description('A Log Analytics workspace to use, by its resource id. Empty: a new one is made.')
param logAnalyticsWorkspaceId string = ''

@description('Memory of an instance in MB (flex).')
@allowed([
  512
  2048
  4096
])
param instanceMemoryMB int = 2048

@description('The most instances (flex). They share one quota of calls to Defender, whatever their number.')
@minValue(40)
@maxValue(1000)
param maximumInstanceCount int = 40

@description('Requests that one instance takes at the same time (flex). Twenty equal posts are one call to Defender only within an instance.')
@minValue(1)
@maxValue(1000)
param httpConcurrency int = 50

@description('Instances for requests that are always up (flex). 0: the first request after a rest waits for a cold start.')
@minValue(0)
@maxValue(20)
param alwaysReadyHttp int = 0

@description('Instances for jobs, and as many for deliveries, that are always up (flex).')
@minValue(0)
@maxValue(20)
param alwaysReadyWorkers int = 0

@description('Instances and storage in several zones, where the region has them. With instances that are always up, at least 2 of each; dedicated plans need P0v3 or P1v3.')
param zoneRedundant bool = false

@description('A virtual network of its own, and a storage account that only private endpoints reach. With flex the resource provider Microsoft.App has to be registered.')
param networkIsolation bool = false

@description('Who may call the app, as address ranges (203.0.113.0/24) or service tags (LogicApps). Empty: anyone who has a key.')
param allowedCallers array = []

@description('Let the Azure portal test functions from its own pages.')
param allowPortalTesting bool = false

@description('The zip of a release, which is deployed last. Empty: deploy the code afterwards.')
param packageUri string = ''

@description('Who gets a mail when an alert rule fires. Without this and without actionGroupId no rule is made.')
param alertEmail string = ''

@description('An action group that alert rules use, by its resource id.')
param actionGroupId string = ''

@description('Make a workbook with the charts of quota, calls, jobs and deliveries.')
param deployWorkbook bool = true

@description('Send the storage account\'s own logs to the workspace. Each write of the ledger is then a row that is paid for.')
param storageLogs bool = false

@description('More settings of the app, such as FORWARD_DESTINATIONS. A deployment replaces all settings: what was set in the portal or with the Azure CLI and is not in here is gone afterwards.')
@secure()
param appSettings object = {}

@description('Tags of all resources.')
param tags object = {}

var token = uniqueString(resourceGroup().id)
var prefix = toLower(replace(namePrefix, '-', ''))
var names = {
  identity: '${prefix}-id-${token}'
  storage: 'st${take(prefix, 8)}${token}'
  workspace: '${prefix}-log-${token}'
  insights: '${prefix}-appi-${token}'
  plan: '${prefix}-plan-${token}'
  site: '${prefix}-func-${token}'
  network: '${prefix}-vnet-${token}'
  endpoints: '${prefix}-pep-${token}'
}
var packageContainer = 'app-package-${token}'
var isFlex = plan == 'flex'
// Known before anything is made, so that what-if can tell which roles there will be.
var identityId = empty(identityResourceId)
  ? resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', names.identity)
  : identityResourceId

module identity 'modules/identity.bicep' = {
  name: 'identity'
  params: {
    location: location
    name: names.identity
    identityResourceId: identityResourceId
    tags: tags
  }
}

module monitoring 'modules/monitoring.bicep' = {
  name: 'monitoring'
  params: {
    location: location
    name: names.insights
    workspaceName: names.workspace
    logAnalyticsWorkspaceId: logAnalyticsWorkspaceId
    tags: tags
  }
}

module storage 'modules/storage.bicep' = {
  name: 'storage'
  params: {
    location: location
    name: names.storage
    packageContainer: packageContainer
    zoneRedundant: zoneRedundant
    isPrivate: networkIsolation
    storageLogs: storageLogs
    logWorkspaceId: monitoring.outputs.workspaceId
    tags: tags
  }
}

module network 'modules/network.bicep' = if (networkIsolation) {
  name: 'network'
  params: {
    location: location
    name: names.network
    endpointPrefix: names.endpoints
    storageName: names.storage
    delegation: isFlex ? 'Microsoft.App/environments' : 'Microsoft.Web/serverFarms'
    tags: tags
  }
  dependsOn: [
    storage
  ]
}

module roles 'modules/roles.bicep' = {
  name: 'roles'
  params: {
    identityId: identityId
    principalId: identity.outputs.principalId
    storageName: names.storage
    insightsName: names.insights
  }
  dependsOn: [
    monitoring
    storage
  ]
}

var settings = union(
  {
    AzureWebJobsStorage__blobServiceUri: storage.outputs.blobEndpoint
    AzureWebJobsStorage__queueServiceUri: storage.outputs.queueEndpoint
    AzureWebJobsStorage__credential: 'managedidentity'
    AzureWebJobsStorage__clientId: identity.outputs.clientId
    APPLICATIONINSIGHTS_CONNECTION_STRING: monitoring.outputs.connectionString
    APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identity.outputs.clientId};Authorization=AAD'
    AZURE_CLIENT_ID: identity.outputs.clientId
    DEFENDER_CLOUD: defenderCloud
  },
  appSettings
)
var corsOrigins = allowPortalTesting ? [environment().portal] : []
var ipSecurityRestrictions = [
  for (caller, index) in allowedCallers: {
    name: 'caller-${index + 1}'
    action: 'Allow'
    priority: 100 + index
    ipAddress: caller
    tag: contains(caller, '/') ? 'Default' : 'ServiceTag'
  }
]
var alwaysReady = filter(
  [
    {
      name: 'http'
      instanceCount: alwaysReadyHttp
    }
    {
      name: 'function:jobWorker'
      instanceCount: alwaysReadyWorkers
    }
    {
      name: 'function:deliveryWorker'
      instanceCount: alwaysReadyWorkers
    }
  ],
  group => group.instanceCount > 0
)
// azd finds the app by it; it does no harm elsewhere.
var siteTags = {
  'azd-service-name': 'app'
}

module flex 'modules/app-flex.bicep' = if (isFlex) {
  name: 'app-flex'
  params: {
    location: location
    name: names.site
    planName: names.plan
    identityId: identityId
    packageContainerUrl: '${storage.outputs.blobEndpoint}${packageContainer}'
    nodeVersion: nodeVersion
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    httpConcurrency: httpConcurrency
    alwaysReady: alwaysReady
    zoneRedundant: zoneRedundant
    subnetId: networkIsolation ? network!.outputs.appSubnetId : ''
    corsOrigins: corsOrigins
    ipSecurityRestrictions: ipSecurityRestrictions
    settings: settings
    tags: tags
    siteTags: siteTags
  }
  dependsOn: [
    roles
  ]
}

module dedicated 'modules/app-dedicated.bicep' = if (!isFlex) {
  name: 'app-dedicated'
  params: {
    location: location
    name: names.site
    planName: names.plan
    sku: dedicatedSku
    identityId: identityId
    nodeVersion: nodeVersion
    zoneRedundant: zoneRedundant
    subnetId: networkIsolation ? network!.outputs.appSubnetId : ''
    corsOrigins: corsOrigins
    ipSecurityRestrictions: ipSecurityRestrictions
    settings: settings
    tags: tags
    siteTags: siteTags
  }
  dependsOn: [
    roles
  ]
}

module package 'modules/package.bicep' = if (!empty(packageUri)) {
  name: 'package'
  params: {
    siteName: names.site
    plan: plan
    packageUri: packageUri
  }
  dependsOn: [
    flex
    dedicated
  ]
}

module alerts 'modules/alerts.bicep' = if (!empty(alertEmail) || !empty(actionGroupId)) {
  name: 'alerts'
  params: {
    location: location
    prefix: prefix
    insightsId: monitoring.outputs.id
    alertEmail: alertEmail
    actionGroupId: actionGroupId
    tags: tags
  }
}

module workbook 'modules/workbook.bicep' = if (deployWorkbook) {
  name: 'workbook'
  params: {
    location: location
    displayName: '${prefix}: alert IP enrichment'
    insightsId: monitoring.outputs.id
    tags: tags
  }
}

@description('The function app.')
output functionName string = names.site

@description('Where callers reach it.')
output functionUrl string = 'https://${isFlex ? flex!.outputs.host : dedicated!.outputs.host}'

@description('The identity that asks Defender, by its object id: whom to grant Ip.Read.All.')
output identityPrincipalId string = identity.outputs.principalId

@description('The same identity, by its client id.')
output identityClientId string = identity.outputs.clientId

@description('What to do next, where the identity does not have the permission yet.')
output nextStep string = 'Grant Ip.Read.All, as an administrator: bash scripts/deploy/grant.sh --principal-id ${identity.outputs.principalId} --cloud ${defenderCloud}'
