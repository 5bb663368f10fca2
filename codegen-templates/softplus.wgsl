// log(1 + exp(s)), a part that other templates include.
fn softplus(s: f32) -> f32 {
  // log1p(e) by its series where e is small: log(1 + e) loses every digit of e there.
  let e = exp(-abs(s));
  let series = e * (1.0 - e * (0.5 - e * (0.33333333 - e * (0.25 - e * 0.2))));
  return max(s, 0.0) + select(log(1.0 + e), series, e < 0.03);
}
