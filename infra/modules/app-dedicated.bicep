@description('Where the app is.')
param location string

@description('What the app is called.')
param name string

@description('What its plan is called.')
param planName string

@description('The size of its instances.')
param sku string

@description('Its identity, by its resource id.')
param identityId string

@description('The Node version that runs it.')
param nodeVersion string

@description('Instances in several zones; Premium v3 sizes only.')
param zoneRedundant bool

@description('The subnet that it goes out by. Empty: none.')
param subnetId string

@description('Origins of pages that may call it.')
param corsOrigins array

@description('Who may call it, beside having a key. Empty: anyone.')
param ipSecurityRestrictions array

@description('All of its settings.')
@secure()
param settings object

@description('Tags of app and plan.')
param tags object

@description('Tags of the app alone.')
param siteTags object

resource plan 'Microsoft.Web/serverfarms@2024-04-01' = {
  name: planName
  location: location
  tags: tags
  kind: 'linux'
  sku: {
    name: sku
    capacity: zoneRedundant ? 3 : 1
  }
  properties: {
    reserved: true
    zoneRedundant: zoneRedundant
  }
}

resource site 'Microsoft.Web/sites@2024-04-01' = {
  name: name
  location: location
  tags: union(tags, siteTags)
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identityId}': {}
    }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    keyVaultReferenceIdentity: identityId
    ...(empty(subnetId) ? {} : { virtualNetworkSubnetId: subnetId })
    siteConfig: {
      linuxFxVersion: 'NODE|${nodeVersion}'
      alwaysOn: true
      ftpsState: 'Disabled'
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
      http20Enabled: true
      healthCheckPath: '/api/health'
      ...(empty(corsOrigins) ? {} : { cors: { allowedOrigins: corsOrigins } })
      ...(empty(ipSecurityRestrictions) ? {} : { ipSecurityRestrictions: ipSecurityRestrictions })
    }
  }

  resource appSettings 'config' = {
    name: 'appsettings'
    properties: union(settings, {
      FUNCTIONS_EXTENSION_VERSION: '~4'
      FUNCTIONS_WORKER_RUNTIME: 'node'
      WEBSITE_RUN_FROM_PACKAGE: '1'
      SCM_DO_BUILD_DURING_DEPLOYMENT: 'false'
      ENABLE_ORYX_BUILD: 'false'
    })
  }

  resource noFtp 'basicPublishingCredentialsPolicies' = {
    name: 'ftp'
    properties: {
      allow: false
    }
  }

  resource noBasicAuthentication 'basicPublishingCredentialsPolicies' = {
    name: 'scm'
    properties: {
      allow: false
    }
  }
}

@description('The host that callers reach it by.')
output host string = site.properties.defaultHostName
