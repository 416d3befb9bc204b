using '../app.bicep'

param namePrefix = 'alertip'
