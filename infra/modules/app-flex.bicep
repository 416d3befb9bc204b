@description('Where the app is.')
param location string

@description('What the app is called.')
param name string

@description('What its plan is called.')
param planName string

@description('Its identity, by its resource id.')
param identityId string

@description('The container that its package is deployed to.')
param packageContainerUrl string

@description('The Node version that runs it.')
param nodeVersion string

@description('Memory of an instance.')
param instanceMemoryMB int

@description('The most instances.')
param maximumInstanceCount int

@description('Requests that one instance takes at the same time.')
param httpConcurrency int

@description('Instances that are always up: name and instanceCount of scale groups.')
param alwaysReady array

@description('Instances in several zones.')
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
  kind: 'functionapp'
  sku: {
    name: 'FC1'
    tier: 'FlexConsumption'
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
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
      ...(empty(corsOrigins) ? {} : { cors: { allowedOrigins: corsOrigins } })
      ...(empty(ipSecurityRestrictions) ? {} : { ipSecurityRestrictions: ipSecurityRestrictions })
    }
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: packageContainerUrl
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityId
          }
        }
      }
      runtime: {
        name: 'node'
        version: nodeVersion
      }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
        alwaysReady: alwaysReady
        triggers: {
          http: {
            perInstanceConcurrency: httpConcurrency
          }
        }
      }
    }
  }

  resource appSettings 'config' = {
    name: 'appsettings'
    properties: settings
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
