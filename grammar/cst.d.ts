// Types of the parser's concrete tree, made by Chevrotain from the grammar; a test holds them current.
// biome-ignore-all format: generated
// biome-ignore-all lint: generated
import type { CstNode, ICstVisitor, IToken } from "chevrotain";

export interface FileCstNode extends CstNode {
  name: "file";
  children: FileCstChildren;
}

export type FileCstChildren = {
  item?: ItemCstNode[];
  EOF: IToken[];
};

export interface ItemCstNode extends CstNode {
  name: "item";
  children: ItemCstChildren;
}

export type ItemCstChildren = {
  Newline?: IToken[];
  Comma?: IToken[];
  entry?: EntryCstNode[];
};

export interface EntryCstNode extends CstNode {
  name: "entry";
  children: EntryCstChildren;
}

export type EntryCstChildren = {
  Import?: IToken[];
  StringLiteral?: IToken[];
  Remove?: IToken[];
  path?: (PathCstNode)[];
  content?: ContentCstNode[];
};

export interface ContentCstNode extends CstNode {
  name: "content";
  children: ContentCstChildren;
}

export type ContentCstChildren = {
  group?: (GroupCstNode)[];
  Colon?: IToken[];
  value?: ValueCstNode[];
};

export interface GroupCstNode extends CstNode {
  name: "group";
  children: GroupCstChildren;
}

export type GroupCstChildren = {
  LeftBrace: IToken[];
  item?: ItemCstNode[];
  RightBrace: IToken[];
};

export interface PathCstNode extends CstNode {
  name: "path";
  children: PathCstChildren;
}

export type PathCstChildren = {
  Name: (IToken)[];
  Dot?: IToken[];
};

export interface ValueCstNode extends CstNode {
  name: "value";
  children: ValueCstChildren;
}

export type ValueCstChildren = {
  product: (ProductCstNode)[];
  Plus?: IToken[];
};

export interface ProductCstNode extends CstNode {
  name: "product";
  children: ProductCstChildren;
}

export type ProductCstChildren = {
  atom: (AtomCstNode)[];
  Times?: IToken[];
};

export interface AtomCstNode extends CstNode {
  name: "atom";
  children: AtomCstChildren;
}

export type AtomCstChildren = {
  NumberLiteral?: IToken[];
  StringLiteral?: IToken[];
  Size?: IToken[];
  True?: IToken[];
  False?: IToken[];
  list?: ListCstNode[];
  call?: CallCstNode[];
  bracketed?: BracketedCstNode[];
};

export interface ListCstNode extends CstNode {
  name: "list";
  children: ListCstChildren;
}

export type ListCstChildren = {
  LeftBracket: IToken[];
  Comma?: IToken[];
  element?: ElementCstNode[];
  RightBracket: IToken[];
};

export interface ElementCstNode extends CstNode {
  name: "element";
  children: ElementCstChildren;
}

export type ElementCstChildren = {
  map?: MapCstNode[];
  value?: ValueCstNode[];
};

export interface MapCstNode extends CstNode {
  name: "map";
  children: MapCstChildren;
}

export type MapCstChildren = {
  LeftBrace: IToken[];
  Comma?: IToken[];
  pair?: PairCstNode[];
  RightBrace: IToken[];
};

export interface PairCstNode extends CstNode {
  name: "pair";
  children: PairCstChildren;
}

export type PairCstChildren = {
  Name: IToken[];
  Colon: IToken[];
  element: ElementCstNode[];
};

export interface CallCstNode extends CstNode {
  name: "call";
  children: CallCstChildren;
}

export type CallCstChildren = {
  Name: IToken[];
  args?: ArgsCstNode[];
};

export interface ArgsCstNode extends CstNode {
  name: "args";
  children: ArgsCstChildren;
}

export type ArgsCstChildren = {
  LeftParen: IToken[];
  Comma?: IToken[];
  arg?: ArgCstNode[];
  RightParen: IToken[];
};

export interface ArgCstNode extends CstNode {
  name: "arg";
  children: ArgCstChildren;
}

export type ArgCstChildren = {
  Name?: IToken[];
  Colon?: IToken[];
  element?: (ElementCstNode)[];
};

export interface BracketedCstNode extends CstNode {
  name: "bracketed";
  children: BracketedCstChildren;
}

export type BracketedCstChildren = {
  LeftParen: IToken[];
  value: ValueCstNode[];
  RightParen: IToken[];
};

export interface SpecVisitor<IN, OUT> extends ICstVisitor<IN, OUT> {
  file(children: FileCstChildren, param?: IN): OUT;
  item(children: ItemCstChildren, param?: IN): OUT;
  entry(children: EntryCstChildren, param?: IN): OUT;
  content(children: ContentCstChildren, param?: IN): OUT;
  group(children: GroupCstChildren, param?: IN): OUT;
  path(children: PathCstChildren, param?: IN): OUT;
  value(children: ValueCstChildren, param?: IN): OUT;
  product(children: ProductCstChildren, param?: IN): OUT;
  atom(children: AtomCstChildren, param?: IN): OUT;
  list(children: ListCstChildren, param?: IN): OUT;
  element(children: ElementCstChildren, param?: IN): OUT;
  map(children: MapCstChildren, param?: IN): OUT;
  pair(children: PairCstChildren, param?: IN): OUT;
  call(children: CallCstChildren, param?: IN): OUT;
  args(children: ArgsCstChildren, param?: IN): OUT;
  arg(children: ArgCstChildren, param?: IN): OUT;
  bracketed(children: BracketedCstChildren, param?: IN): OUT;
}
