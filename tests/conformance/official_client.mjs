// Alpaca's own JavaScript client, unchanged, against the loopback exchange: prints what it understood.
// Environment: EXCHANGE (base URL), KEY_ID, SECRET_KEY. NODE_PATH does not serve modules: CLIENT is its folder.
import { createRequire } from "node:module";

const { EXCHANGE, KEY_ID, SECRET_KEY, CLIENT } = process.env;
const { Alpaca } = createRequire(`${CLIENT}/`)("@alpacahq/alpaca-trade-api");

// the client knows Alpaca's hosts only: its requests are led to the exchange as they are
const elsewhere = (url) => url.replace(/^https:\/\/[^/]+/, EXCHANGE);
const alpaca = new Alpaca({
  keyId: KEY_ID,
  secret: SECRET_KEY,
  fetchApi: (url, init) => fetch(elsewhere(String(url)), init),
});
const { trading, marketData } = alpaca;

const heard = [];
const stream = trading.stream({ url: EXCHANGE.replace("http", "ws") + "/stream" });
stream.onTradeUpdate((update) => heard.push(update.event));
stream.connect();
const filled = await trading.submitAndWait(
  { type: "market", symbol: "SPY", side: "buy", qty: 2, clientOrderId: "from-javascript" },
  { timeoutMs: 20_000, stream },
);
stream.disconnect();

const resting = await trading.orders.limit({ symbol: "TLT", side: "buy", qty: 1, limitPrice: 50 });
await trading.orders.deleteOrderByOrderID({ orderId: resting.id });
const refused = await trading.orders
  .market({ symbol: "SPY", side: "buy", qty: 1, clientOrderId: "from-javascript" })
  .then(() => null, (error) => ({ status: error.status, code: error.code, text: String(error.message) }));

const account = await trading.account.getAccount();
const positions = await trading.positions.getAllOpenPositions();
const orders = await trading.orders.getAllOrders({ status: "all" });
const fills = await trading.accountActivities.getAccountActivities({ activityTypes: ["FILL"] });
const bars = await marketData.collectStockBarsBySymbol({
  symbols: ["SPY", "TLT"],
  timeframe: "1Day",
  start: new Date("2015-05-01T00:00:00Z"),
  limit: 7,
});
const quotes = await marketData.stocks.stockLatestQuotes({ symbols: "SPY" });
const snapshots = await marketData.stocks.stockSnapshots({ symbols: "SPY" });
const actions = await marketData.corporateActions.corporateActions({ symbols: "SPY" });
const days = await trading.calendar.legacyCalendar({
  start: new Date("2015-11-25T00:00:00Z"),
  end: new Date("2015-11-28T00:00:00Z"),
});
const closed = await trading.closeAllPositions({ cancelOrders: true });

const plain = (_, value) => (typeof value === "bigint" ? Number(value) : value);
console.log(
  JSON.stringify(
    { heard, filled, refused, account, positions, orders, fills, bars, quotes, snapshots, actions, days, closed },
    plain,
  ),
);
process.exit(0);
