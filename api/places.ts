// Places a region may stand for: the cities of AWS regions, to the nearest hundredth of a degree (about a kilometre,
// far below the error of any latency model). Each can be named by its region code or by its city.

export interface Coordinates {
  /** Degrees, north positive. */
  readonly latitude: number
  /** Degrees, east positive. */
  readonly longitude: number
}

const cities: readonly (readonly [code: string, city: string, latitude: number, longitude: number])[] = [
  ['af-south-1', 'cape-town', -33.92, 18.42],
  ['ap-east-1', 'hong-kong', 22.32, 114.17],
  ['ap-east-2', 'taipei', 25.03, 121.57],
  ['ap-northeast-1', 'tokyo', 35.68, 139.69],
  ['ap-northeast-2', 'seoul', 37.57, 126.98],
  ['ap-northeast-3', 'osaka', 34.69, 135.5],
  ['ap-south-1', 'mumbai', 19.08, 72.88],
  ['ap-south-2', 'hyderabad', 17.39, 78.49],
  ['ap-southeast-1', 'singapore', 1.35, 103.82],
  ['ap-southeast-2', 'sydney', -33.87, 151.21],
  ['ap-southeast-3', 'jakarta', -6.21, 106.85],
  ['ap-southeast-4', 'melbourne', -37.81, 144.96],
  ['ap-southeast-5', 'kuala-lumpur', 3.14, 101.69],
  ['ap-southeast-7', 'bangkok', 13.76, 100.5],
  ['ca-central-1', 'montreal', 45.5, -73.57],
  ['ca-west-1', 'calgary', 51.05, -114.07],
  ['eu-central-1', 'frankfurt', 50.11, 8.68],
  ['eu-central-2', 'zurich', 47.37, 8.54],
  ['eu-north-1', 'stockholm', 59.33, 18.07],
  ['eu-south-1', 'milan', 45.46, 9.19],
  ['eu-south-2', 'zaragoza', 41.65, -0.88],
  ['eu-west-1', 'dublin', 53.35, -6.26],
  ['eu-west-2', 'london', 51.51, -0.13],
  ['eu-west-3', 'paris', 48.86, 2.35],
  ['il-central-1', 'tel-aviv', 32.08, 34.78],
  ['me-central-1', 'dubai', 25.2, 55.27],
  ['me-south-1', 'bahrain', 26.07, 50.56],
  ['mx-central-1', 'queretaro', 20.59, -100.39],
  ['sa-east-1', 'sao-paulo', -23.55, -46.63],
  ['us-east-1', 'ashburn', 39.04, -77.49],
  ['us-east-2', 'columbus', 39.96, -83],
  ['us-west-1', 'san-jose', 37.34, -121.89],
  ['us-west-2', 'boardman', 45.84, -119.7],
]

/** Coordinates by region code and by city. */
export const places: ReadonlyMap<string, Coordinates> = new Map(
  cities.flatMap(([code, city, latitude, longitude]) => [
    [code, { latitude, longitude }],
    [city, { latitude, longitude }],
  ]),
)
