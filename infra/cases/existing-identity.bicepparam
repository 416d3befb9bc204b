using '../app.bicep'

param identityResourceId = '/subscriptions/33333333-3333-4333-8333-333333333333/resourceGroups/identities/providers/Microsoft.ManagedIdentity/userAssignedIdentities/alert-ip'
