// 1 − exp(−y), the slope of softplus where its value is y; by its series where y is small. Included by other templates.
// NUMBER is the type of y, one number or four.
fn softplus_slope(y: NUMBER) -> NUMBER {
  let series = y * (1.0 - y * (0.5 - y * (0.16666667 - y * (0.041666667 - y * 0.0083333333))));
  return select(1.0 - exp(-y), series, y < NUMBER(0.1));
}
