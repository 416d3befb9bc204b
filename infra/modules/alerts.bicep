@description('Where the rules are.')
param location string

@description('What the names of rules begin with.')
param prefix string

@description('The component that is watched.')
param insightsId string

@description('Who gets a mail. Empty: nobody.')
param alertEmail string

@description('An action group to use, by its resource id. Empty: none.')
param actionGroupId string

@description('Tags of all of it.')
param tags object

// Made by `npm run docs` from the table that docs/reference/telemetry.md shows.
var rules = loadJsonContent('../../monitoring/alerts.json').rules

resource mail 'Microsoft.Insights/actionGroups@2023-01-01' = if (!empty(alertEmail)) {
  name: '${prefix}-alerts'
  location: 'global'
  tags: tags
  properties: {
    groupShortName: 'alert-ip'
    enabled: true
    emailReceivers: [
      {
        name: 'operator'
        emailAddress: alertEmail
        useCommonAlertSchema: true
      }
    ]
  }
}

var actionGroups = concat(empty(alertEmail) ? [] : [mail.id], empty(actionGroupId) ? [] : [actionGroupId])

resource alerts 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [
  for rule in rules: {
    name: '${prefix}-${rule.name}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: '${prefix}: ${rule.title}'
      description: rule.description
      enabled: true
      severity: rule.severity
      scopes: [
        insightsId
      ]
      evaluationFrequency: rule.evaluationFrequency
      windowSize: rule.windowSize
      autoMitigate: true
      // The tables are made with the first item: a new component has none.
      skipQueryValidation: true
      criteria: {
        allOf: [
          {
            query: rule.query
            timeAggregation: rule.timeAggregation
            ...(rule.metricMeasureColumn == '' ? {} : { metricMeasureColumn: rule.metricMeasureColumn })
            operator: 'GreaterThan'
            threshold: rule.threshold
            failingPeriods: {
              numberOfEvaluationPeriods: 1
              minFailingPeriodsToAlert: 1
            }
          }
        ]
      }
      actions: {
        actionGroups: actionGroups
      }
    }
  }
]
