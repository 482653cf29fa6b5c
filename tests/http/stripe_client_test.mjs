// SPDX-License-Identifier: MIT
// The official Stripe client against the stand-in (so that the stand-in is honest), and its webhook signatures against shopd.
// Environment: STRIPE_NODE_MODULES (where stripe is installed), STAND_IN_URL, STAND_IN_KEY, SHOP_URL, SHOP_WEBHOOK_SECRET.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { createRequire } from 'node:module';
import path from 'node:path';
import { after, afterEach, describe, test } from 'node:test';

const needed = (name) => {
  assert.ok(process.env[name], `${name} is not set`);
  return process.env[name];
};
const Stripe = createRequire(path.resolve(needed('STRIPE_NODE_MODULES'), 'here.js'))('stripe');
const standIn = new URL(needed('STAND_IN_URL'));
const key = needed('STAND_IN_KEY');
const shop = needed('SHOP_URL');
const shopSecret = needed('SHOP_WEBHOOK_SECRET');

// One agent for all clients: they leave answers that they retry unread, whose connections would keep this process alive.
const agent = new http.Agent({ keepAlive: true });
const client = (options = {}, secret = key) => new Stripe(secret, {
  host: standIn.hostname, port: standIn.port, protocol: 'http', httpAgent: agent, telemetry: false, maxNetworkRetries: 0, ...options });
const stripe = client();
const patient = client({ maxNetworkRetries: 2 });

let last = 0;
const unique = () => `key-${process.pid}-${++last}`;

async function control(method, name, body) {
  const answer = await fetch(new URL('/_stand_in/' + name, standIn), { method, body: body && JSON.stringify(body) });
  assert.equal(answer.status, 200, name);
  return answer.json();
}
const fault = (match, name, more = {}) => control('POST', 'faults', { rules: [{ match, fault: name, times: 1, ...more }] });
const requests = async () => (await control('GET', 'state')).requests;
const intents = async () => Object.keys(await control('GET', 'money')).length;

const order = { amount: 1000, currency: 'usd', automatic_payment_methods: { enabled: true, allow_redirects: 'never' } };
const create = (more = {}, options = undefined) => stripe.paymentIntents.create({ ...order, ...more }, options);
const pay = (intent, method = 'pm_card_visa') => stripe.paymentIntents.confirm(intent.id, { payment_method: method });
const paid = async (more) => pay(await create(more));

/** Runs the call, which must fail with this class of error and these members; the error. */
async function fails(call, type, members = {}) {
  try {
    await (typeof call === 'function' ? call() : call);
  } catch (error) {
    assert.equal(error.type, type, error.stack);
    for (const [name, value] of Object.entries(members)) assert.equal(error[name], value, `${name} of ${error.message}`);
    return error;
  }
  return assert.fail(`no ${type}`);
}

afterEach(() => control('POST', 'faults', {}));
after(() => agent.destroy());

describe('payments', () => {
  test('made, confirmed, retrieved', async () => {
    const intent = await create({ metadata: { order: '7', 'ä &=+%': 'ü €' }, description: 'Order 7 & more' });
    assert.equal(intent.status, 'requires_payment_method');
    assert.equal(intent.description, 'Order 7 & more');
    assert.equal((await pay(intent)).status, 'succeeded');
    assert.deepEqual(intent.metadata, { order: '7', 'ä &=+%': 'ü €' });
    const now = await stripe.paymentIntents.retrieve(intent.id, { expand: ['latest_charge'] });
    assert.equal(now.amount_received, 1000);
    assert.equal(now.latest_charge.payment_method_details.card.last4, '4242');
    assert.equal((await stripe.charges.retrieve(now.latest_charge.id)).id, now.latest_charge.id);
    const asked = (await requests()).at(-1);
    assert.equal(asked.headers['stripe-version'], Stripe.API_VERSION ?? stripe.getApiField('version'));
    assert.match(asked.headers['user-agent'], /^Stripe\/v1 NodeBindings\//);
  });

  test('changed', async () => {
    const intent = await create({ metadata: { a: '1', b: '2' } });
    const changed = await stripe.paymentIntents.update(intent.id, { metadata: { a: '', c: '3' }, amount: 900 });
    assert.deepEqual([changed.metadata, changed.amount], [{ b: '2', c: '3' }, 900]);
  });

  for (const [method, code, declineCode] of [
    ['pm_card_chargeDeclined', 'card_declined', 'generic_decline'],
    ['pm_card_chargeDeclinedInsufficientFunds', 'card_declined', 'insufficient_funds'],
    ['pm_card_chargeDeclinedLostCard', 'card_declined', 'lost_card'],
    ['pm_card_chargeDeclinedExpiredCard', 'expired_card', ''],
    ['pm_card_chargeDeclinedProcessingError', 'processing_error', ''],
  ]) {
    test(`declined: ${method}`, async () => {
      const intent = await create();
      const error = await fails(pay(intent, method), 'StripeCardError', { code, decline_code: declineCode, statusCode: 402 });
      assert.equal(error.payment_intent.id, intent.id);
      assert.equal(error.payment_intent.status, 'requires_payment_method');
      assert.equal(error.payment_intent.last_payment_error.code, code);
      assert.match(error.charge, /^ch_/);
      assert.match(error.requestId, /^req_/);
    });
  }

  test('action, processing, cancel', async () => {
    const action = await pay(await create(), 'pm_card_authenticationRequired');
    assert.equal(action.next_action.type, 'use_stripe_sdk');
    assert.equal((await control('POST', `intents/${action.id}/action`, { succeed: true })).status, 'succeeded');
    const slow = await pay(await create(), 'pm_usBankAccount_processing');
    assert.equal(slow.status, 'processing');
    const open = await create();
    assert.equal((await stripe.paymentIntents.cancel(open.id, { cancellation_reason: 'abandoned' })).status, 'canceled');
    for (const again of [() => stripe.paymentIntents.cancel(open.id), () => pay(open), () => stripe.paymentIntents.capture(open.id)]) {
      const error = await fails(again, 'StripeInvalidRequestError', { code: 'payment_intent_unexpected_state', statusCode: 400 });
      assert.equal(error.payment_intent.status, 'canceled');
    }
  });

  test('held and captured', async () => {
    const intent = await paid({ capture_method: 'manual' });
    assert.deepEqual([intent.status, intent.amount_capturable], ['requires_capture', 1000]);
    const captured = await stripe.paymentIntents.capture(intent.id, { amount_to_capture: 400 });
    assert.deepEqual([captured.status, captured.amount_received], ['succeeded', 400]);
  });

  test('lists page by themselves', async () => {
    const ids = [];
    for (let i = 0; i < 25; i++) ids.unshift((await create()).id);
    const listed = await stripe.paymentIntents.list({ limit: 10, created: { gte: 1 } }).autoPagingToArray({ limit: 25 });
    assert.deepEqual(listed.map((intent) => intent.id), ids);
  });
});

describe('money back', () => {
  test('refunds', async () => {
    const intent = await paid();
    const part = await stripe.refunds.create(
      { payment_intent: intent.id, amount: 300, reason: 'requested_by_customer', metadata: { tag: 'r' } });
    assert.deepEqual([part.status, part.metadata.tag], ['succeeded', 'r']);
    await fails(stripe.refunds.create({ payment_intent: intent.id, amount: 701 }), 'StripeInvalidRequestError', { param: 'amount' });
    const rest = await stripe.refunds.create({ charge: intent.latest_charge });
    assert.equal(rest.amount, 700);
    await fails(stripe.refunds.create({ payment_intent: intent.id }), 'StripeInvalidRequestError', { code: 'charge_already_refunded' });
    const listed = await stripe.refunds.list({ payment_intent: intent.id, limit: 1 }).autoPagingToArray({ limit: 10 });
    assert.deepEqual(listed.map((refund) => refund.id), [rest.id, part.id]);
    assert.equal((await stripe.refunds.retrieve(part.id)).amount, 300);
    await fails(stripe.refunds.cancel(part.id), 'StripeInvalidRequestError');
  });

  test('disputes', async () => {
    const intent = await pay(await create(), 'pm_card_createDispute');
    const [dispute] = (await stripe.disputes.list({ payment_intent: intent.id })).data;
    assert.equal((await stripe.disputes.retrieve(dispute.id)).status, 'needs_response');
    await fails(stripe.refunds.create({ payment_intent: intent.id }), 'StripeInvalidRequestError', { code: 'charge_disputed' });
    assert.ok((await stripe.balance.retrieve()).available.length);
  });
});

describe('idempotency keys', () => {
  test('replayed; another use is an error', async () => {
    const idempotencyKey = unique();
    const first = await create({}, { idempotencyKey });
    const second = await create({}, { idempotencyKey });
    assert.equal(second.id, first.id);
    assert.equal(first.lastResponse.headers['idempotent-replayed'], undefined);
    assert.equal(second.lastResponse.headers['idempotent-replayed'], 'true');
    await fails(create({ amount: 2000 }, { idempotencyKey }), 'StripeIdempotencyError', { statusCode: 400 });
  });

  for (const name of ['drop_after', '503', '409_lock', 'refuse', '429']) {
    test(`the client's own retries make one payment after ${name}`, async () => {
      const before = await intents();
      await fault('POST /v1/payment_intents', name, name === '429' ? { should_retry: true } : {});
      const intent = await patient.paymentIntents.create(order);
      assert.equal(await intents(), before + 1);
      const [failed, done] = (await requests()).slice(-2);
      assert.deepEqual([failed.fault, done.fault, done.status], [name, null, 200]);
      assert.ok(done.headers['idempotency-key']);
      assert.equal(done.headers['idempotency-key'], failed.headers['idempotency-key']);
      assert.equal(intent.lastResponse.headers['idempotent-replayed'], name === 'drop_after' ? 'true' : undefined);
    });
  }

  test('a 500 is remembered', async () => {
    const before = await intents();
    await fault('POST /v1/payment_intents', '500');
    await fails(patient.paymentIntents.create(order), 'StripeAPIError', { statusCode: 500 });
    assert.equal(await intents(), before);
  });

  test('a timeout, and what was done is found again', async () => {
    const before = await intents();
    await fault('POST /v1/payment_intents', 'hang_after', { seconds: 30 });
    const intent = await client({ maxNetworkRetries: 1, timeout: 1000 }).paymentIntents.create(order);
    assert.equal(intent.lastResponse.headers['idempotent-replayed'], 'true');
    assert.equal(await intents(), before + 1);
  });
});

describe('errors', () => {
  test('of the request', async () => {
    const invalid = 'StripeInvalidRequestError';
    await fails(create({ ammount: 5 }), invalid, { code: 'parameter_unknown', param: 'ammount', statusCode: 400 });
    await fails(create({ amount: 49 }), invalid, { code: 'amount_too_small', param: 'amount' });
    await fails(create({ amount: 10.5 }), invalid, { code: 'parameter_invalid_integer', param: 'amount' });
    await fails(stripe.paymentIntents.retrieve('pi_no'), invalid, { code: 'resource_missing', statusCode: 404 });
    await fails(pay(await create(), 'pm_card_no'), invalid, { code: 'resource_missing', param: 'payment_method', statusCode: 400 });
  });

  test('of the key, the limit, the way', async () => {
    await fails(client({}, 'sk_test_of_somebody_else').balance.retrieve(), 'StripeAuthenticationError', { statusCode: 401 });
    await fault('GET /v1/balance', '429', { should_retry: false });
    await fails(patient.balance.retrieve(), 'StripeRateLimitError', { code: 'rate_limit' });
    await fault('GET /v1/balance', 'html');
    await fails(stripe.balance.retrieve(), 'StripeAPIError');
    await fault('GET /v1/balance', 'hang', { seconds: 30 });
    await fails(client({ timeout: 200 }).balance.retrieve(), 'StripeConnectionError');
  });
});

describe('webhooks', () => {
  const secrets = ['whsec_of_this_month', 'whsec_of_next_month'];
  const got = [];
  const listener = http.createServer(async (request, answer) => {
    const parts = [];
    for await (const part of request) parts.push(part);
    got.push({ body: Buffer.concat(parts), signature: request.headers['stripe-signature'] });
    answer.end();
    listener.emit('event');
  });
  after(() => {
    listener.closeAllConnections();
    listener.close();
  });

  test('the client verifies what the stand-in posts', async () => {
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    await control('POST', 'endpoint', { url: `http://127.0.0.1:${listener.address().port}/`, secrets });
    const intent = await create();
    while (got.length < 1) await once(listener, 'event');
    const { body, signature } = got[0];
    for (const secret of secrets) {
      const event = stripe.webhooks.constructEvent(body, signature, secret);
      assert.deepEqual([event.type, event.data.object.id, event.data.object.object], ['payment_intent.created', intent.id, 'payment_intent']);
      assert.equal((await stripe.events.retrieve(event.id)).id, event.id);
    }
    const refused = (...given) => fails(async () => stripe.webhooks.constructEvent(...given), 'StripeSignatureVerificationError');
    const at = Number(/t=(\d+)/.exec(signature)[1]);
    const received = (seconds) => [body, signature, secrets[0], 300, undefined, (at + seconds) * 1000];
    await refused(body, signature, 'whsec_wrong');
    await refused(Buffer.concat([body, Buffer.from(' ')]), signature, secrets[0]);
    await refused(...received(301));
    stripe.webhooks.constructEvent(...received(299));
  });
});

describe('the shop takes what the client signs', () => {
  const payload = JSON.stringify({
    id: 'evt_' + unique().replaceAll('-', ''), object: 'event', api_version: stripe.getApiField('version'), type: 'payment_intent.succeeded',
    created: Math.floor(Date.now() / 1000), livemode: false, pending_webhooks: 1, request: { id: null, idempotency_key: null },
    data: { object: { id: 'pi_of_nobody', object: 'payment_intent', status: 'succeeded', amount: 1000, currency: 'usd', metadata: {} } },
  }, null, 2);
  const sign = (options = {}) => stripe.webhooks.generateTestHeaderString({ payload, secret: shopSecret, ...options });

  async function post(body, signature) {
    const answer = await fetch(shop + '/api/v1/payments/webhook/', {
      method: 'POST', body, headers: { 'Content-Type': 'application/json; charset=utf-8', 'Stripe-Signature': signature } });
    return [answer.status, (await answer.json().catch(() => ({}))).code];
  }
  const secondsAgo = (seconds) => Math.floor(Date.now() / 1000) - seconds;

  test('a good signature, fresh or of a while ago', async () => {
    assert.deepEqual(await post(payload, sign()), [200, undefined]);
    assert.deepEqual(await post(payload, sign()), [200, undefined]);
    assert.deepEqual(await post(payload, sign({ timestamp: secondsAgo(200) })), [200, undefined]);
  });

  test('a changed body, a wrong secret, an old time, no signature of ours', async () => {
    const refused = [400, 'invalid_signature'];
    assert.deepEqual(await post(payload.replace('1000', '9000'), sign()), refused);
    assert.deepEqual(await post(payload, sign({ secret: 'whsec_wrong' })), refused);
    assert.deepEqual(await post(payload, sign({ timestamp: secondsAgo(301) })), refused);
    assert.deepEqual(await post(payload, sign({ scheme: 'v0' })), refused);
  });
});
