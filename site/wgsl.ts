// WGSL for highlight.js: words as in the WGSL specification, as far as the project's kernels use them.
import type { HLJSApi, Language } from "highlight.js";

export function wgsl(hljs: HLJSApi): Language {
  return {
    name: "WGSL",
    keywords: {
      keyword:
        "alias break case const const_assert continue default diagnostic discard else enable fn for if let loop override requires return struct switch var while",
      literal: "true false",
      type: "array atomic bool f16 f32 i32 mat2x2 mat3x3 mat4x4 ptr u32 vec2 vec3 vec4 subgroup_matrix_left subgroup_matrix_right subgroup_matrix_result",
    },
    contains: [
      hljs.C_LINE_COMMENT_MODE,
      hljs.C_BLOCK_COMMENT_MODE,
      { scope: "meta", match: /@[a-z_]+/ },
      { scope: "number", match: /\b(?:0x[0-9a-fA-F]+|[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?)[fhiu]?\b/ },
      { scope: "title", match: /\b[a-zA-Z_]\w*(?=\()/ },
    ],
  };
}
