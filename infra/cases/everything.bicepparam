using '../app.bicep'

param namePrefix = 'sixteencharacter'
param alertEmail = 'soc@example.com'
param allowedCallers = [
  '203.0.113.0/24'
  'LogicApps'
]
param allowPortalTesting = true
param appSettings = {
  QUOTA_PER_HOUR: '1000'
}
param tags = {
  owner: 'soc'
}
