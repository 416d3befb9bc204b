using '../app.bicep'

param deployWorkbook = false
