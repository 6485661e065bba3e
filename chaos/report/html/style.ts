// The page's look: light and dark by the reader's setting, always light on paper. Colours are those of Okabe and Ito, told
// apart without full colour vision, and every colour stands beside a pattern, a shape or a word.

export const style = `
:root{color-scheme:light dark;--page:#fff;--card:#f6f7f9;--ink:#16181d;--soft:#5a6070;--rule:#d5d9e0;--band:#e69f0026;--fault:#e69f00;
--b0:#0072b2;--b1:#d55e00;--b2:#009e73;--b3:#cc79a7;--b4:#b38600;--b5:#56b4e9;--b6:#6a4c93;--b7:#808080;--good:#00558a;--bad:#a63f00;--silent:#e4e6ea}
@media (prefers-color-scheme:dark){:root{--page:#14161b;--card:#1d2027;--ink:#eceef2;--soft:#a3aab8;--rule:#3a3f4a;--band:#e69f0033;--fault:#d99500;
--b0:#4aa3df;--b1:#f08a4b;--b2:#35c79a;--b3:#e39ac4;--b4:#e6b422;--b5:#8fd0f5;--b6:#b294d6;--b7:#9a9a9a;--good:#7cc0f0;--bad:#f59a62;--silent:#2b2f38}}
*{box-sizing:border-box}
html{background:var(--page)}
body{margin:0 auto;padding:24px 28px 48px;max-width:1120px;font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;color:var(--ink);background:var(--page)}
h1{font-size:24px;line-height:1.25;margin:0 0 4px;overflow-wrap:anywhere}
h2{font-size:17px;margin:36px 0 8px;padding-top:12px;border-top:1px solid var(--rule)}
p{margin:6px 0}
.soft,.note,caption{color:var(--soft)}
.note{font-size:13px}
.result{display:inline-block;padding:2px 12px;border-radius:4px;border:2px solid currentColor;font-weight:700;font-size:17px;margin:0 0 8px}
.passed{color:var(--good)}.failed{color:var(--bad);border-style:double;border-width:4px}.inconclusive{color:var(--soft);border-style:dashed}
.reason{font-size:17px;overflow-wrap:anywhere}
.key-figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(136px,1fr));gap:12px;margin:18px 0 0;padding:0}
.key-figures div{background:var(--card);border:1px solid var(--rule);border-radius:6px;padding:10px 14px}
.key-figures dt{color:var(--soft);font-size:13px}
.key-figures dd{margin:0;font-size:21px;font-weight:600;overflow-wrap:anywhere}
table{border-collapse:collapse;width:100%;font-size:14px}
th{text-align:left;color:var(--soft);font-weight:600;font-size:13px}
th,td{padding:6px 14px 6px 0;border-bottom:1px solid var(--rule);vertical-align:top;overflow-wrap:anywhere}
td.when{white-space:nowrap;font-variant-numeric:tabular-nums}
.finding{display:grid;grid-template-columns:26px 210px minmax(0,1fr);column-gap:10px;padding:10px 0;border-bottom:1px solid var(--rule)}
.finding .mark{font-size:17px;line-height:1.3;font-weight:700}
.finding h3{font-size:15px;margin:0;line-height:1.5}
.finding .outcome{font-size:13px}
.finding p{margin:0;overflow-wrap:anywhere}
.finding ul{margin:4px 0 0;padding-left:18px;font-size:13px;color:var(--soft)}
.finding li{overflow-wrap:anywhere}
.good{color:var(--good)}.bad{color:var(--bad)}.open{color:var(--soft)}
svg{display:block;width:100%;height:auto;overflow:hidden}
svg.defs{position:absolute;width:0;height:0}
svg text{font:13px system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;fill:var(--ink)}
svg text.axis{fill:var(--soft);font-size:12px}
svg text.letter,svg text.fault-name,svg text.fault-kind{font-size:11px;font-weight:700}
.letter,.fault-name,.fault-kind{pointer-events:none}
svg text.letter{fill:var(--page)}
svg text.fault-name{fill:#16181d}
.band{fill:var(--band)}
.fault{fill:var(--fault)}
.grid{stroke:var(--rule);stroke-width:1}.tick,.frame{stroke:var(--soft);stroke-width:1}
.b0{fill:var(--b0)}.b1{fill:var(--b1)}.b2{fill:var(--b2)}.b3{fill:var(--b3)}.b4{fill:var(--b4)}.b5{fill:var(--b5)}.b6{fill:var(--b6)}.b7{fill:var(--b7)}
.silent{fill:var(--silent)}
.pattern{pointer-events:none}
.ink{stroke:var(--page);stroke-width:1.6;fill:none}.dot{fill:var(--page)}.faint{stroke:var(--soft);stroke-width:1;fill:none}
.line{fill:none;stroke-width:2;stroke-linejoin:round}
.l0{stroke:var(--b0)}.l1{stroke:var(--b1);stroke-dasharray:7 4}.l2{stroke:var(--b2);stroke-dasharray:2 3}.l3{stroke:var(--b3);stroke-dasharray:10 3 2 3}.l4{stroke:var(--b4);stroke-dasharray:4 2}.l5{stroke:var(--b5);stroke-dasharray:12 4}.l6{stroke:var(--b6);stroke-dasharray:1 4}.l7{stroke:var(--b7)}
.finalized{stroke:var(--soft);stroke-dasharray:1 3}
.marker{stroke-width:1.5;stroke-dasharray:none;fill:var(--page)}
.bar{fill:var(--b0)}.bar.over{fill:var(--b1)}.limit{stroke:var(--bad);stroke-width:2;stroke-dasharray:5 3}
.whisker{stroke:var(--soft);stroke-width:1.5}.median{stroke:var(--ink);stroke-width:2.5}
.canary .full{fill:var(--b0)}.canary .open{fill:var(--page);stroke:var(--b0);stroke-width:2}.canary .cross{stroke:var(--b1);stroke-width:3;fill:none}
.key{display:flex;flex-wrap:wrap;gap:4px 18px;margin:6px 0 0;padding:0;list-style:none;font-size:13px;color:var(--soft)}
.key li{display:flex;align-items:center;gap:6px}
.key svg{width:26px;height:14px;flex:none}
@media (max-width:860px){body{padding:18px 18px 36px}.finding{grid-template-columns:26px minmax(0,1fr)}.finding .body{grid-column:2}svg text{font-size:15px}svg text.axis{font-size:14px}.key svg text{font-size:13px}}
@media print{:root{color-scheme:light;--page:#fff;--card:#fff;--ink:#000;--soft:#444;--rule:#bbb;--band:#e69f0026;--fault:#e69f00;
--b0:#0072b2;--b1:#d55e00;--b2:#009e73;--b3:#cc79a7;--b4:#b38600;--b5:#56b4e9;--b6:#6a4c93;--b7:#808080;--good:#00558a;--bad:#a63f00;--silent:#e4e6ea}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
body{max-width:none;padding:0;font-size:11pt}
h2{break-after:avoid}svg,figure,.finding,tr,.key-figures{break-inside:avoid}figure h2{border-top:0}}
figure{margin:0}
@page{size:A4;margin:14mm}
`.trim()
