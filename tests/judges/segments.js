// Counts texts with Twilio's own calculator (npm package sms-segments-calculator): what textrail counts
// has to agree with it. Prints tests/judges/segments.json, one text a line:
//
//   npm install --no-save --prefix /some/folder sms-segments-calculator@1.3.0
//   NODE_PATH=/some/folder/node_modules node tests/judges/segments.js > tests/judges/segments.json
"use strict";
const { SegmentedMessage } = require("sms-segments-calculator");

const family = "👨‍👩‍👧‍👦"; // 11 UTF-16 units, one grapheme
const flag = "🇦🇹"; // 4 units
const thumb = "👍🏽"; // 4 units
const heart = "❤️"; // 2 units
const accent = "e\u0301"; // 2 units
const texts = [
  // One alphabet's lengths around the boundaries.
  "", "a", "Hello, world!",
  ...[159, 160, 161, 305, 306, 307, 458, 459, 460].map((n) => "a".repeat(n)),
  ...[69, 70, 71, 133, 134, 135, 200, 201, 202].map((n) => "я".repeat(n)),
  // The extension table: two septets each, never split.
  "€", "{}[]~\\|^€", ...[79, 80, 81, 152, 153, 154].map((n) => "€".repeat(n)),
  "a".repeat(158) + "€", "a".repeat(159) + "€", "a".repeat(152) + "€" + "a".repeat(152), "a".repeat(151) + "€" + "a".repeat(153),
  "a".repeat(152) + "[" + "a".repeat(151) + "]" + "a".repeat(10), "[Sale] 5 € off | code: {A^B}",
  // The default alphabet's letters, and those that are not in it.
  "@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ¤¡ÄÖÑÜ§¿äöñüà", "ç", "ê", "café", "naïve", "ΑΒΓ", "`", "“quoted”", "don’t", "–", "…", "\t",
  "a".repeat(159) + "’", "a".repeat(69) + "’", "a".repeat(70) + "’",
  // Line ends.
  "a\nb", "a\r\nb", "\n".repeat(160), "\r\n".repeat(80), "\r\n".repeat(81), "я\r\n".repeat(23) + "я", "я\r\n".repeat(24), "я".repeat(66) + "\r\n" + "я".repeat(66),
  // Emoji: a pair is never split, nor is a joined grapheme.
  "😀", ...[34, 35, 36, 66, 67, 68].map((n) => "😀".repeat(n)), "я".repeat(66) + "😀" + "я".repeat(66), "я".repeat(65) + "😀" + "я".repeat(66),
  heart, heart.repeat(35), heart.repeat(36), heart.repeat(67), "я".repeat(66) + heart + "я".repeat(10),
  thumb, thumb.repeat(17), thumb.repeat(18), thumb.repeat(33), thumb.repeat(34), "я".repeat(65) + thumb + "я".repeat(2),
  flag, flag.repeat(17), flag.repeat(18), flag.repeat(34), "я".repeat(64) + flag + "я".repeat(3),
  family, family.repeat(6), family.repeat(7), family.repeat(13), "я".repeat(60) + family + "я".repeat(20),
  "1️⃣", "1️⃣".repeat(23), "1️⃣".repeat(24), "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "🏴󠁧󠁢󠁥󠁮󠁧󠁿".repeat(5), "👩🏾‍🚀".repeat(10), "🏳️‍🌈".repeat(12),
  // Joined letters.
  accent, accent.repeat(35), accent.repeat(36), accent.repeat(67), "я".repeat(66) + accent + "я".repeat(66), "각", "각".repeat(24), "각".repeat(45),
  "नमस्ते दुनिया", "สวัสดีชาวโลก".repeat(8), "你好，世界".repeat(15), "مرحبا بالعالم".repeat(6),
  // As campaigns are.
  "Hi Anna, your order #1234 has shipped! Track it: https://go.example.com/aB3dE5fG7h Reply STOP to opt out.",
  "🎉 Black Friday! 50% off everything until midnight → https://go.example.com/aB3dE5fG7h  STOP to opt out",
  "Grüß Gott! Ihr Paket kommt heute zwischen 14 und 16 Uhr. Abmelden: STOP an 12345. Mehr: https://go.example.com/aB3dE5fG7h – Ihr Team aus Österreich ß ä ö ü",
  "Votre colis est arrivé à la mairie. Répondez ARRÊT pour ne plus recevoir de messages. https://go.example.com/aB3dE5fG7h Merci de votre fidélité et à très bientôt!",
];

const counted = texts.map((text) => {
  const message = new SegmentedMessage(text);
  const encoding = message.encodingName === "GSM-7" ? "gsm7" : "ucs2";
  return JSON.stringify({ text, encoding, segments: message.segmentsCount });
});
process.stdout.write(`[\n${counted.join(",\n")}\n]\n`);
