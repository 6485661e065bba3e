// One-way latency between AWS regions, milliseconds, as published.
// `cometbft`: CometBFT v2.x, test/e2e/pkg/files/aws-latencies.csv (2023-11-29, Apache-2.0), whole milliseconds one way.
// `cloudping`: medians of cloudping.co (2025-07-17) as kept by Commonware's examples/estimator/src/p50.json, TCP round
// trips, halved here; pairs that the model was not fitted to.
export const published: readonly (readonly [from: string, to: string, ms: number, source: 'cometbft' | 'cloudping'])[] =
  [
    ['eu-west-2', 'eu-west-1', 5, 'cometbft'],
    ['eu-west-2', 'eu-central-1', 8, 'cometbft'],
    ['us-east-1', 'ca-central-1', 7, 'cometbft'],
    ['us-west-1', 'us-west-2', 10, 'cometbft'],
    ['ap-northeast-1', 'ap-northeast-2', 16, 'cometbft'],
    ['us-east-1', 'us-west-1', 30, 'cometbft'],
    ['ap-south-1', 'ap-southeast-1', 27, 'cometbft'],
    ['ca-central-1', 'eu-west-1', 35, 'cometbft'],
    ['us-east-1', 'eu-west-1', 33, 'cometbft'],
    ['us-east-1', 'eu-central-1', 44, 'cometbft'],
    ['eu-central-1', 'ap-south-1', 60, 'cometbft'],
    ['us-east-1', 'sa-east-1', 58, 'cometbft'],
    ['ap-northeast-1', 'ap-southeast-2', 57, 'cometbft'],
    ['us-west-2', 'ap-northeast-1', 49, 'cometbft'],
    ['eu-west-2', 'ap-northeast-2', 118, 'cometbft'],
    ['eu-central-1', 'ap-southeast-1', 77, 'cometbft'],
    ['us-west-2', 'ap-southeast-2', 69, 'cometbft'],
    ['sa-east-1', 'ap-southeast-2', 155, 'cometbft'],
    ['us-east-1', 'ap-southeast-1', 105, 'cometbft'],
    ['eu-west-1', 'ap-southeast-2', 127, 'cometbft'],
    ['eu-west-3', 'eu-north-1', 16.2, 'cloudping'],
    ['eu-central-1', 'me-south-1', 43, 'cloudping'],
    ['eu-west-3', 'af-south-1', 73.3, 'cloudping'],
    ['us-west-1', 'mx-central-1', 37, 'cloudping'],
    ['ap-east-1', 'ap-northeast-3', 23.5, 'cloudping'],
    ['ap-southeast-2', 'ap-southeast-4', 6.7, 'cloudping'],
  ]
