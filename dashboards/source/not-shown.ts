// Metrics of the catalogue that stand on no dashboard, each with its reason.
export const notShown: Readonly<Record<string, string>> = {}
