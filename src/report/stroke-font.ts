/**
 * Letters as lines, for drawings that must be readable where no fonts are installed. A glyph is some polylines on a grid: two digits a point, x from 0 (left), y
 * from 0 (top of the capitals) over 2 (top of the small letters) and 6 (baseline) to 8 (below); a polyline of one point twice is a dot.
 */
import { px } from './svg.ts';

/** Of the size of the font. */
const UNIT_X = 0.095;
const UNIT_Y = 0.12;
/** Grid units between two letters, and in place of a blank. */
const GAP = 1.6;
const BLANK = 2.4;

/** Width of a text, px. */
export function strokedWidth(text: string, size: number): number {
  let units = 0;
  for (const character of text) units += advanceOf(character);
  return Math.max(0, units - GAP) * UNIT_X * size;
}

/** The path of a line of text that begins at x on the baseline y. */
export function strokedPath(text: string, x: number, y: number, size: number): string {
  let d = '';
  let left = 0;
  for (const character of text) {
    for (const polyline of polylinesOf(character)) {
      for (let at = 0; at < polyline.length; at += 2) {
        const pointX = x + (left + Number(polyline[at])) * UNIT_X * size;
        const pointY = y + (Number(polyline[at + 1]) - 6) * UNIT_Y * size;
        d += `${at === 0 ? 'M' : 'L'}${px(pointX)} ${px(pointY)}`;
      }
    }
    left += advanceOf(character);
  }
  return d;
}

function polylinesOf(character: string): readonly string[] {
  if (character === ' ') return [];
  return (glyphs.get(character) ?? unknownGlyph).split(' ');
}

function advanceOf(character: string): number {
  if (character === ' ') return BLANK + GAP;
  let widest = 0;
  for (const polyline of polylinesOf(character))
    for (let at = 0; at < polyline.length; at += 2) widest = Math.max(widest, Number(polyline[at]));
  return widest + GAP;
}

const unknownGlyph = '0040460600';

const glyphs: ReadonlyMap<string, string> = new Map(
  `A=062046 1434|B=06003041423303 3344453606|C=4130100105163645|D=00062644422000|E=40000646 0333|F=400006 0333
G=41301001051636454323|H=0006 4046 0343|I=0020 1016 0626|J=3035261605|K=0006 4004 1346|L=000646|M=0600234046|N=06004640
O=103041453616050110|P=06003041423303|Q=103041453616050110 2446|R=06003041423303 2346|S=413010010213334445361605|T=0040 2026
U=000516364540|V=002640|W=0016233640|X=0046 4006|Y=002340 2326|Z=00400646
a=4332120305163645 4246|b=0006 0312324345361605|c=4332120305163645|d=4046 4332120305163645|e=044443321203051636
f=30201116 0232|g=4332120305163645 4247381807|h=0006 0312324346|i=0206 0000|j=22271808 2020|k=0006 3205 1436|l=000516
m=0206 03122326 23324346|n=0206 0312324346|o=123243453616050312|p=0208 0312324345361605|q=4248 4332120305163645|r=0206 041232
s=43321203143445361605|t=10152636 0232|u=0205163645 4246|v=022642|w=0216243642|x=0246 4206|y=0226 421808|z=02420646
0=103041453616050110|1=011016 0626|2=01103041420646|3=0110304142334445361605 1333|4=36300444|5=400002324345361605
6=4130100105163645443303|7=004016|8=103041423313020110 1304051636454433|9=4313020110304145361605
.=0606|,=1607|:=0303 0606|;=1313 1607|!=0004 0606|?=01103041422324 2626|'=0001|"=0001 2021|(=10020416|)=00121406
[=10000616|]=00101606|{=20111203141526|}=00111223141506|/=4006|\\=0046|-=0333|+=2125 0343|_=0747|*=2125 0244 4204
%=4006 0010110100 3545463635|&=4602011021220405162644|#=1016 3036 0242 0444|$=413010010213334445361605 2026
@=4441301001051636 3222242434|<=410345|>=014305|^=022042|\`=0011|~=03123443
·=0303|–=0343|—=0353|…=0606 2626 4646|×=1335 3315|µ=0208 0205163645 4246|≥=014305 0646|≤=410345 0646|±=2125 0343 0646|’=1001|†=2026 0242`
    .split(/[|\n]/)
    .map((entry): [string, string] => [entry.slice(0, 1), entry.slice(2)])
    // The two whose glyphs are separators of this table.
    .concat([
      ['=', '0242 0444'],
      ['|', '0007'],
    ]),
);
