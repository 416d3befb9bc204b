using '../app.bicep'

param networkIsolation = true
param packageUri = 'https://github.com/OWNER/REPOSITORY/releases/download/v0.1.0/app-node22.zip'
