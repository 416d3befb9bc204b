@description('Where it is made.')
param location string

@description('What a new identity is called.')
param name string

@description('An identity to use instead, by its resource id. Empty: a new one is made.')
param identityResourceId string

@description('Tags of a new identity.')
param tags object

// Only looked at where there is one; the slashes keep the indexes in range where there is none.
var parts = split(empty(identityResourceId) ? '////////' : identityResourceId, '/')

resource made 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = if (empty(identityResourceId)) {
  name: name
  location: location
  tags: tags
}

resource given 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = if (!empty(identityResourceId)) {
  scope: resourceGroup(parts[2], parts[4])
  name: last(parts)
}

@description('Its client id, which settings name it by.')
output clientId string = empty(identityResourceId) ? made!.properties.clientId : given!.properties.clientId

@description('Its object id, which grants and roles name it by.')
output principalId string = empty(identityResourceId) ? made!.properties.principalId : given!.properties.principalId
