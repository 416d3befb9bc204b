using '../app.bicep'

param logAnalyticsWorkspaceId = '/subscriptions/33333333-3333-4333-8333-333333333333/resourceGroups/logs/providers/Microsoft.OperationalInsights/workspaces/soc'
param storageLogs = true
param actionGroupId = '/subscriptions/33333333-3333-4333-8333-333333333333/resourceGroups/logs/providers/Microsoft.Insights/actionGroups/soc'
