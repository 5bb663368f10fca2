// What linear.wgsl computes forward, for GPUs and few rows, where reading the weights takes all the time. LANES invocations share
// out the depth of 8 rows × 4 columns; a workgroup has TEAMS of them. Each weight is read once for 8 rows, and adjacent
// invocations read adjacent weights.

#include rows
#include linear_rows
#if SOFTPLUS
#include softplus
#end

#include linear_finish

// A line of 32 sums for each invocation, padded against bank conflicts: four columns of each row.
var<workgroup> parts: array<f32, 2112>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  let tile = FIRST_TILEu + workgroup.y;
  let group = group_of(tile);
  let slot = tile * 64u + workgroup.z * 8u;
  let lane = index % LANESu;
  let column = (workgroup.x * TEAMSu + index / LANESu) * 4u;
  // The rows of a tile come first, then its empty slots.
  if (row_of(slot) == NO_ROW) { return; }
#if LOCAL_Y
  if (group == NO_ROW) { return; }
#end
#if NORM
  let norm_group = select(0u, group, SCALE_GROUPSu > 1u);
#end
  #repeat I 8: var sum#{I} = vec4<f32>();
  if (group != NO_ROW) {
    // An empty slot and a column beyond the last read a valid neighbour's numbers; their sums are never stored.
    #repeat I 8: let x#{I}_at = at_x(x_row(slot#{+ I}, min(row_of(slot#{+ I}), ROWSu - 1u)), 0u);
    #repeat J 4: let w#{J}_at = weight_at(group, 0u, min(column#{+ J}, COLSu - 1u)) / 4u;
    for (var d = lane; d < DEPTHu / 4u; d += LANESu) {
#if NORM
      let factors = scale[norm_group * (DEPTHu / 4u) + d];
      #repeat J 4: let w#{J} = factors * weight[w#{J}_at + d];
#else
      #repeat J 4: let w#{J} = weight[w#{J}_at + d];
#end
#repeat I 8
      let x#{I} = x[x#{I}_at + d];
      sum#{I} += vec4(dot(x#{I}, w0), dot(x#{I}, w1), dot(x#{I}, w2), dot(x#{I}, w3));
#end
    }
  }
#repeat I 8
#repeat J 4
  parts[index * 33u#{+ 4 * I + J}] = sum#{I}.#{xyzw[J]};
#end
#end
  workgroupBarrier();
  for (var i = index; i < 32u * TEAMSu; i += 64u) {
    let team = i / 32u;
    var sum = 0.0;
    for (var j = 0u; j < LANESu; j++) { sum += parts[(team * LANESu + j) * 33u + i % 32u]; }
    let own_slot = slot + i % 32u / 4u;
    let row = row_of(own_slot);
    let c = (workgroup.x * TEAMSu + team) * 4u + i % 4u;
    if (row == NO_ROW || c >= COLSu) { continue; }
#if NORM
    sum *= rstd[row];
#end
    finish(sum, group, own_slot, row, c);
  }
}
