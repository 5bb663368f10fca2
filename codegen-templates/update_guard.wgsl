  if (norm[1] != 0.0) { return; }
  var share = min(1.0, step.clip / (norm[0] + 1e-6));
#if SCALED
  if (scale[2] == 0.0) { return; }
  share *= scale[2];
#end
