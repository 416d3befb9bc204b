@description('The app.')
param siteName string

@description('The plan it runs on.')
@allowed([
  'flex'
  'dedicated'
])
param plan string

@description('The zip, as a release has it.')
param packageUri string

resource site 'Microsoft.Web/sites@2024-04-01' existing = {
  name: siteName
}

resource onFlex 'Microsoft.Web/sites/extensions@2024-04-01' = if (plan == 'flex') {
  parent: site
  name: 'onedeploy'
  #disable-next-line BCP187 // the published type has no properties
  properties: {
    packageUri: packageUri
    remoteBuild: false
  }
}

resource onDedicated 'Microsoft.Web/sites/extensions@2024-04-01' = if (plan == 'dedicated') {
  parent: site
  #disable-next-line BCP088 // the published type knows two other extensions only
  name: 'ZipDeploy'
  properties: {
    packageUri: packageUri
  }
}
