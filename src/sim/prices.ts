/** CNY a kWh of tariff 1 to 4, as the meter shows them. */
export const TARIFF_PRICES: readonly string[] = ['1.2000', '0.9000', '0.6000', '0.3000'];
/** What the first step adds. */
export const STEP_PRICE = '0.0000';
