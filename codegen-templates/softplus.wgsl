// log(1 + exp(s)). Included by other templates. NUMBER is the type of s, one number or four.
fn softplus(s: NUMBER) -> NUMBER {
  // log1p(e) by its series where e is small: log(1 + e) loses every digit of e there.
  let e = exp(-abs(s));
  let series = e * (1.0 - e * (0.5 - e * (0.33333333 - e * (0.25 - e * 0.2))));
  return max(s, NUMBER(0.0)) + select(log(1.0 + e), series, e < NUMBER(0.03));
}
