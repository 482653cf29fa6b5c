# SPDX-License-Identifier: MIT
"""What the Stripe stand-in keeps in its head: intents, charges, refunds, disputes and events, and how they move.

No HTTP here. Objects are dictionaries as Stripe's API version 1 shows them; `Ledger` is not locked, its owner is.
"""
import json
import random
import re
import string
import time

API_VERSION = "2026-08-26.dahlia"

# ---------------------------------------------------------------------------------------------------- tables

CURRENCIES = set("""
    aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bhd bif bmd bnd bob brl bsd bwp byn bzd cad cdf chf clp cny cop crc cve czk
    djf dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gnf gtq gyd hkd hnl htg huf idr ils inr isk jmd jod jpy kes kgs khr kmf krw kwd
    kyd kzt lak lbp lkr lrd lsl mad mdl mga mkd mmk mnt mop mur mvr mwk mxn myr mzn nad ngn nio nok npr nzd omr pab pen pgk php pkr pln
    pyg qar ron rsd rub rwf sar sbd scr sek sgd shp sle sos srd std szl thb tjs tnd top try ttd twd tzs uah ugx usd uyu uzs vnd vuv wst
    xaf xcd xof xpf yer zar zmw""".split())
ZERO_DECIMAL = set("bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf".split())
THREE_DECIMAL = set("bhd jod kwd omr tnd".split())
STEP = {"isk": 100, "ugx": 100, **dict.fromkeys(THREE_DECIMAL, 10)}
MINIMUM = {  # in the unit of Stripe's exponents
    "usd": 50, "aed": 200, "ars": 50, "aud": 50, "brl": 50, "cad": 50, "chf": 50, "cop": 50, "czk": 1500, "dkk": 250, "eur": 50,
    "gbp": 30, "hkd": 400, "huf": 17500, "idr": 50, "ils": 50, "inr": 50, "jpy": 50, "krw": 50, "mxn": 1000, "myr": 200, "nok": 300,
    "nzd": 50, "php": 50, "pln": 200, "ron": 200, "rub": 50, "sek": 300, "sgd": 50, "thb": 1000, "zar": 50}
MAXIMUM = 999_999_999_999

# What a test payment method does. "declined" has: code, decline code, sentence.
GENERIC = "Your card was declined."
METHODS = {
    "pm_card_visa": {"brand": "visa", "last4": "4242"},
    "pm_card_visa_debit": {"brand": "visa", "last4": "5556"},
    "pm_card_mastercard": {"brand": "mastercard", "last4": "4444"},
    "pm_card_amex": {"brand": "amex", "last4": "8431"},
    "pm_card_discover": {"brand": "discover", "last4": "9424"},
    "pm_card_chargeDeclined": {"declined": ("card_declined", "generic_decline", GENERIC)},
    "pm_card_chargeDeclinedInsufficientFunds": {"declined": ("card_declined", "insufficient_funds", "Your card has insufficient funds.")},
    "pm_card_chargeDeclinedLostCard": {"declined": ("card_declined", "lost_card", GENERIC)},
    "pm_card_chargeDeclinedStolenCard": {"declined": ("card_declined", "stolen_card", GENERIC)},
    "pm_card_chargeDeclinedExpiredCard": {"declined": ("expired_card", None, "Your card has expired.")},
    "pm_card_chargeDeclinedIncorrectCvc": {"declined": ("incorrect_cvc", None, "Your card's security code is incorrect.")},
    "pm_card_chargeDeclinedProcessingError": {
        "declined": ("processing_error", None, "An error occurred while processing your card. Try again in a little bit.")},
    "pm_card_authenticationRequired": {"action": True, "last4": "3184"},
    "pm_card_threeDSecure2Required": {"action": True, "last4": "3220"},
    "pm_usBankAccount_processing": {"bank": True},
    "pm_card_pendingRefund": {"refund": "pending", "last4": "7726"},
    "pm_card_refundFail": {"refund": "fails", "last4": "5126"},
    "pm_card_createDispute": {"dispute": True, "last4": "0259"},
}

MAY_CONFIRM = ("requires_payment_method", "requires_confirmation", "requires_action")
MAY_CANCEL = ("requires_payment_method", "requires_capture", "requires_confirmation", "requires_action")
MAY_UPDATE_AMOUNT = MAY_CONFIRM
REFUNDS_FAIL = 2  # so many refunds to a card that fails them; then one sticks, as if the bank had mended it
REFUND_HOLDS = ("pending", "requires_action", "succeeded")  # in these the money is counted as gone back
DISPUTE_STATUSES = ("warning_needs_response", "warning_under_review", "warning_closed", "needs_response", "under_review", "won", "lost",
                    "prevented")
DISPUTE_WITHDRAWN = ("needs_response", "under_review", "lost")
DISPUTE_CLOSED = ("warning_closed", "won", "lost", "prevented")


# ---------------------------------------------------------------------------------------------------- errors


class Problem(Exception):
    """An answer that is an error. validation: it was found before the work began, so no key remembers it."""

    def __init__(self, status, message, code=None, param=None, kind="invalid_request_error", validation=False, headers=(), **members):
        super().__init__(message)
        self.status, self.validation, self.headers = status, validation, dict(headers)
        error = {"code": code, "message": message, "param": param, "type": kind, **members}
        if code:
            error["doc_url"] = "https://stripe.com/docs/error-codes/" + code.replace("_", "-")
        self.error = {name: value for name, value in sorted(error.items()) if value is not None}


def invalid(message, param=None, code=None):
    return Problem(400, message, code, param, validation=True)


def missing(what, identifier, param, status=404):
    return Problem(status, f"No such {what}: '{identifier}'", "resource_missing", param)


def unexpected_state(intent, message):
    return Problem(400, message, "payment_intent_unexpected_state", payment_intent=snapshot(intent))


def money_text(amount, currency):
    decimals = 0 if currency in ZERO_DECIMAL else 3 if currency in THREE_DECIMAL else 2
    text = f"{amount / 10 ** decimals:,.{decimals}f}"
    return f"${text}" if currency == "usd" else f"{text} {currency.upper()}"


def check_amount(amount, currency, minimum=True):
    """Whether Stripe would take this amount of this currency at all."""
    if amount < 1:
        raise invalid("This value must be greater than or equal to 1.", "amount", "parameter_invalid_integer")
    if amount > MAXIMUM:
        raise invalid(f"Amount must be no more than {money_text(MAXIMUM, currency)}", "amount", "amount_too_large")
    if amount % STEP.get(currency, 1):
        raise invalid(f"Invalid amount {amount}: it must be a multiple of {STEP[currency]} in {currency}.", "amount", "invalid_charge_amount")
    least = MINIMUM.get(currency, 1)
    if minimum and amount < least:
        raise invalid(f"Amount must be at least {money_text(least, currency)}", "amount", "amount_too_small")


def check_currency(currency):
    currency = currency.lower()
    if currency not in CURRENCIES:
        raise invalid(f"Invalid currency: {currency}. Stripe currently supports these currencies: {', '.join(sorted(CURRENCIES))}", "currency")
    return currency


def merge_metadata(old, given):
    """Stripe adds and replaces; an empty value takes a key away, an empty map all of them."""
    if given == "":
        return {}
    merged = {**old, **(given or {})}
    merged = {name: value for name, value in merged.items() if value != ""}
    if len(merged) > 50:
        raise invalid("You can have up to 50 metadata keys.", "metadata")
    for name, value in merged.items():
        if len(name) > 40 or re.search(r"[\[\]]", name):
            raise invalid(f"Metadata keys can be up to 40 characters long. Your key was '{name}'.", "metadata")
        if len(value) > 500:
            raise invalid(f"Metadata values can have up to 500 characters, but the value of '{name}' has {len(value)}.", f"metadata[{name}]")
    return merged


_letters = random.Random()  # never seeded: a shop may outlive several stand-ins


def new_id(prefix, length=24):
    return prefix + "_" + "".join(_letters.choices(string.ascii_letters + string.digits, k=length))


def now():
    return int(time.time())


def as_json(item):
    """On many lines, as Stripe's; without `indent`, which is slow."""
    return json.dumps(item, separators=(",\n  ", ": ")).encode() + b"\n"


def snapshot(item):
    return json.loads(json.dumps(item))


# ---------------------------------------------------------------------------------------------------- the ledger


class Ledger:
    """All objects. `publish(event)` is told of every event; `cause` is the request at work, as events name it."""

    def __init__(self, publish):
        self.objects = {"payment_intent": {}, "charge": {}, "refund": {}, "dispute": {}, "event": {}}
        self.methods = {}  # our pm_… of an intent -> name in METHODS
        self.publish = publish
        self.cause = {"id": None, "idempotency_key": None}
        self.afterwards = []  # what happens of itself once the answer is made

    # ------------------------------------------------------------------------------------------------ everybody's

    def find(self, kind, identifier, param=None):
        found = self.objects[kind].get(identifier)
        if found is None:
            raise missing(kind, identifier, param or "id")
        return found

    def list(self, kind, **wanted):
        """Newest first."""
        wanted = {name: value for name, value in wanted.items() if value is not None}
        return [item for item in reversed(self.objects[kind].values()) if all(item.get(name) == value for name, value in wanted.items())]

    def keep(self, item):
        self.objects[item["object"]][item["id"]] = item
        return item

    def expand(self, item, path):
        """Puts the object in the place of its id, in a copy that is to be sent."""
        head, _, rest = path.partition(".")
        value = item.get(head)
        if isinstance(value, str):
            found = [kind[value] for kind in self.objects.values() if value in kind]
            if found:
                value = item[head] = snapshot(found[0])
        for inner in value if isinstance(value, list) else [value]:
            if rest and isinstance(inner, dict):
                self.expand(inner, rest)

    def emit(self, kind, item):
        event = {"id": new_id("evt"), "object": "event", "api_version": API_VERSION, "created": now(),
                 "data": {"object": snapshot(item)}, "livemode": False, "pending_webhooks": 1, "request": dict(self.cause),
                 "type": kind}
        self.keep(event)
        self.publish(event)

    def twin(self, event):
        """A second Event of the same change, as Stripe sometimes makes."""
        return self.keep({**snapshot(event), "id": new_id("evt")})

    def run_afterwards(self):
        while self.afterwards:
            self.afterwards.pop(0)()

    # ------------------------------------------------------------------------------------------------ intents

    def create_intent(self, params):
        for name in ("amount", "currency"):
            if name not in params:
                raise invalid(f"Missing required param: {name}.", name, "parameter_missing")
        currency = check_currency(params["currency"])
        check_amount(params["amount"], currency)
        method = params.get("payment_method")
        if method:
            self.check_method(method)
        if params.get("return_url") and not params.get("confirm"):
            raise invalid("You can only provide `return_url` when `confirm` is `true`.", "return_url")
        identifier = new_id("pi")
        automatic = {"allow_redirects": "always", **params.get("automatic_payment_methods", {"enabled": True})}
        intent = {
            "id": identifier, "object": "payment_intent", "amount": params["amount"], "amount_capturable": 0,
            "amount_details": {"tip": {}}, "amount_received": 0, "application": None, "application_fee_amount": None,
            "automatic_payment_methods": None if "payment_method_types" in params or not automatic.get("enabled") else automatic,
            "canceled_at": None, "cancellation_reason": None, "capture_method": params.get("capture_method", "automatic_async"),
            "client_secret": new_id(identifier + "_secret"), "confirmation_method": "automatic", "created": now(),
            "currency": currency, "customer": None, "description": params.get("description") or None, "last_payment_error": None,
            "latest_charge": None, "livemode": False, "metadata": merge_metadata({}, params.get("metadata")), "next_action": None,
            "on_behalf_of": None, "payment_method": None, "payment_method_options": {},
            "payment_method_types": params.get("payment_method_types", ["card", "us_bank_account"]), "processing": None,
            "receipt_email": params.get("receipt_email"), "review": None, "setup_future_usage": None, "shipping": None,
            "statement_descriptor": None, "statement_descriptor_suffix": params.get("statement_descriptor_suffix"),
            "status": "requires_payment_method", "transfer_data": None, "transfer_group": None}
        if params.get("confirm"):
            self.check_return_url(intent, params)
        self.keep(intent)
        if method:
            self.attach(intent, method)
        self.emit("payment_intent.created", intent)
        if params.get("confirm"):
            self.confirm(intent, {name: params[name] for name in ("return_url", "use_stripe_sdk") if name in params})
        return intent

    def update_intent(self, intent, params):
        money = {name for name in ("amount", "currency", "payment_method") if name in params}
        if money and intent["status"] not in MAY_UPDATE_AMOUNT:
            raise unexpected_state(intent, f"This PaymentIntent's {sorted(money)[0]} could not be updated because it has a status of "
                                           f"{intent['status']}.")
        currency = check_currency(params.get("currency", intent["currency"]))
        amount = params.get("amount", intent["amount"])
        check_amount(amount, currency)
        metadata = merge_metadata(intent["metadata"], params.get("metadata"))
        if "payment_method" in params:
            self.check_method(params["payment_method"])
            self.attach(intent, params["payment_method"])
        intent.update(amount=amount, currency=currency, metadata=metadata)
        intent.update({name: params[name] or None for name in ("description", "receipt_email") if name in params})
        return intent

    def check_method(self, name):
        if name not in METHODS and name not in self.methods:
            raise missing("PaymentMethod", name, "payment_method", 400)

    def attach(self, intent, name):
        """Stripe makes a PaymentMethod of its own out of a test method's name."""
        if name in METHODS:
            identifier = new_id("pm")
            self.methods[identifier] = name
        else:
            identifier = name
        intent.update(payment_method=identifier, status="requires_confirmation", next_action=None)

    def check_return_url(self, intent, params):
        automatic = intent["automatic_payment_methods"]
        if automatic and automatic["allow_redirects"] == "always" and not params.get("return_url"):
            raise invalid("This PaymentIntent is configured to accept payment methods enabled in your Dashboard. Because some of these "
                          "payment methods might redirect your customer off of your page, you must provide a `return_url`. If you don't "
                          "want to accept redirect-based payment methods, set `automatic_payment_methods[enabled]` to `true` and "
                          "`automatic_payment_methods[allow_redirects]` to `never` when creating Setup Intents and Payment Intents.")

    def confirm(self, intent, params):
        """One attempt to pay; what is already known about the method decides how it goes."""
        if intent["status"] not in MAY_CONFIRM:
            why = ("it has already succeeded after being previously confirmed" if intent["status"] == "succeeded"
                   else f"it has a status of {intent['status']}")
            raise unexpected_state(intent, f"You cannot confirm this PaymentIntent because {why}.")
        if "payment_method" in params:
            self.check_method(params["payment_method"])
            self.attach(intent, params["payment_method"])
        if not intent["payment_method"]:
            raise unexpected_state(intent, "You cannot confirm this PaymentIntent because it's missing a payment method. You can either "
                                           "update the PaymentIntent with a payment method and then confirm it again, or confirm it again "
                                           "directly with a payment method or ConfirmationToken.")
        method = self.method_of(intent)
        intent["last_payment_error"] = None
        if "declined" in method:
            raise self.decline(intent, *method["declined"])
        if method.get("action"):
            intent.update(status="requires_action", next_action=self.next_action(intent, params))
            self.emit("payment_intent.requires_action", intent)
        elif method.get("bank"):
            self.new_charge(intent, "pending")
            intent["status"] = "processing"
            self.emit("payment_intent.processing", intent)
        else:
            self.pay(intent)
        return intent

    @staticmethod
    def next_action(intent, params):
        """Stripe.js asks the customer, unless the shop wants to send the browser away by itself."""
        if params.get("return_url") and not params.get("use_stripe_sdk"):
            return {"type": "redirect_to_url", "redirect_to_url": {
                "return_url": params["return_url"], "url": f"https://hooks.stripe.com/3d_secure_2/hosted?intent={intent['id']}"}}
        return {"type": "use_stripe_sdk", "use_stripe_sdk": {
            "type": "three_d_secure_redirect", "stripe_js": "https://hooks.stripe.com/redirect/authenticate"}}

    def method_of(self, intent):
        return METHODS[self.methods[intent["payment_method"]]]

    def method_object(self, identifier):
        method = METHODS[self.methods[identifier]]
        shown = {"id": identifier, "object": "payment_method", "livemode": False, "metadata": {}}
        if method.get("bank"):
            return {**shown, "type": "us_bank_account", "us_bank_account": {"bank_name": "STRIPE TEST BANK", "last4": "6789"}}
        return {**shown, "type": "card", "card": {"brand": method.get("brand", "visa"), "last4": method.get("last4", "0002")}}

    def new_charge(self, intent, status, failure=None):
        method = self.method_object(intent["payment_method"])
        details = dict(method[method["type"]])
        manual = intent["capture_method"] == "manual"
        if manual and status == "succeeded":
            details["capture_before"] = now() + 7 * 86400
        paid = status == "succeeded" and not manual
        charge = self.keep({
            "id": new_id("ch"), "object": "charge", "amount": intent["amount"], "amount_captured": intent["amount"] if paid else 0,
            "amount_refunded": 0, "balance_transaction": new_id("txn") if paid else None, "captured": paid, "created": now(),
            "currency": intent["currency"], "description": intent["description"], "disputed": False,
            "failure_code": failure and failure["code"], "failure_message": failure and failure["message"], "livemode": False,
            "metadata": dict(intent["metadata"]), "paid": status != "failed", "payment_intent": intent["id"],
            "payment_method": intent["payment_method"], "payment_method_details": {"type": method["type"], method["type"]: details},
            "refunded": False, "status": status})
        intent["latest_charge"] = charge["id"]
        return charge

    def pay(self, intent, charge=None):
        """The money is there: taken, or held until it is captured."""
        charge = charge or self.new_charge(intent, "succeeded")
        intent.update(next_action=None, last_payment_error=None)
        if intent["capture_method"] == "manual":
            charge.update(status="succeeded", paid=True)
            intent.update(status="requires_capture", amount_capturable=intent["amount"])
            self.emit("charge.succeeded", charge)
            self.emit("payment_intent.amount_capturable_updated", intent)
        else:
            charge.update(status="succeeded", paid=True, captured=True, amount_captured=charge["amount"], balance_transaction=new_id("txn"))
            intent.update(status="succeeded", amount_received=intent["amount"])
            self.emit("charge.succeeded", charge)
            self.emit("payment_intent.succeeded", intent)
        if self.method_of(intent).get("dispute"):
            self.afterwards.append(lambda: self.open_dispute(intent, "needs_response"))

    def fail_attempt(self, intent, error, charge):
        method = self.method_object(intent["payment_method"])
        error = {**error, "payment_method": method}
        if charge:
            error["charge"] = charge["id"]
            charge.update(status="failed", paid=False, failure_code=error["code"], failure_message=error["message"])
        intent.update(status="requires_payment_method", payment_method=None, next_action=None,
                      last_payment_error={name: value for name, value in error.items() if value is not None})
        if charge:
            self.emit("charge.failed", charge)
        self.emit("payment_intent.payment_failed", intent)

    def decline(self, intent, code, decline_code, message):
        """The bank says no: the problem that tells it."""
        charge = self.new_charge(intent, "failed", {"code": code, "message": message})
        error = {"type": "card_error", "code": code, "decline_code": decline_code, "message": message}
        self.fail_attempt(intent, error, charge)
        kept = intent["last_payment_error"]
        return Problem(402, message, code, kind="card_error", decline_code=decline_code, charge=charge["id"],
                       payment_intent=snapshot(intent), payment_method=kept["payment_method"])

    def capture(self, intent, params):
        if intent["status"] != "requires_capture":
            raise unexpected_state(intent, f"This PaymentIntent could not be captured because it has a status of {intent['status']}. Only a "
                                           "PaymentIntent with one of the following statuses may be captured: requires_capture.")
        amount = params.get("amount_to_capture", intent["amount_capturable"])
        if not 1 <= amount <= intent["amount_capturable"]:
            raise invalid("The amount to capture must be from 1 to the amount that can be captured "
                          f"({money_text(intent['amount_capturable'], intent['currency'])}).", "amount_to_capture", "amount_too_large")
        charge = self.objects["charge"][intent["latest_charge"]]
        charge.update(captured=True, amount_captured=amount, balance_transaction=new_id("txn"))
        intent.update(status="succeeded", amount_capturable=0, amount_received=amount)
        self.emit("charge.captured", charge)
        self.emit("payment_intent.succeeded", intent)
        return intent

    def cancel(self, intent, params):
        if intent["status"] not in MAY_CANCEL:
            raise unexpected_state(intent, f"You cannot cancel this PaymentIntent because it has a status of {intent['status']}. Only a "
                                           "PaymentIntent with one of the following statuses may be canceled: " + ", ".join(MAY_CANCEL) + ".")
        if intent["status"] == "requires_capture":  # what was held is let go; no refund object tells of it
            charge = self.objects["charge"][intent["latest_charge"]]
            charge.update(amount_refunded=charge["amount"], refunded=True)
            self.emit("charge.refunded", charge)
        intent.update(status="canceled", canceled_at=now(), cancellation_reason=params.get("cancellation_reason"), amount_capturable=0,
                      next_action=None)
        self.emit("payment_intent.canceled", intent)
        return intent

    # ------------------------------------------------------------------------------------------------ refunds

    def create_refund(self, params):
        charge = self.charge_to_refund(params)
        rest = charge["amount_captured"] - charge["amount_refunded"]
        if "amount" in params:
            check_amount(params["amount"], charge["currency"], minimum=False)
        if rest <= 0:
            raise Problem(400, f"Charge {charge['id']} has already been refunded.", "charge_already_refunded")
        amount = params.get("amount", rest)
        if amount > rest:
            raise Problem(400, f"Refund amount ({money_text(amount, charge['currency'])}) is greater than unrefunded amount on charge "
                               f"({money_text(rest, charge['currency'])})", param="amount")
        way = METHODS[self.methods[charge["payment_method"]]].get("refund")
        refund = self.keep({
            "id": new_id("re"), "object": "refund", "amount": amount, "balance_transaction": new_id("txn"), "charge": charge["id"],
            "created": now(), "currency": charge["currency"], "destination_details": {"type": "card"},
            "metadata": merge_metadata({}, params.get("metadata")), "payment_intent": charge["payment_intent"],
            "reason": params.get("reason"), "receipt_number": None, "status": "pending" if way == "pending" else "succeeded"})
        self.recount(charge)
        self.emit("refund.created", refund)
        self.emit("charge.refunded", charge)
        if way == "fails" and self.failed_refunds(charge) < REFUNDS_FAIL:
            self.afterwards.append(lambda: self.settle_refund(refund, "failed"))
        return refund

    def failed_refunds(self, charge):
        return sum(refund["charge"] == charge["id"] and refund["status"] == "failed" for refund in self.objects["refund"].values())

    def charge_to_refund(self, params):
        if ("payment_intent" in params) == ("charge" in params):
            raise invalid("One of the following params should be provided for this request: payment_intent or charge.",
                          code="parameter_missing")
        if "charge" in params:
            charge = self.find("charge", params["charge"], "charge")
        else:
            intent = self.find("payment_intent", params["payment_intent"], "payment_intent")
            charge = self.objects["charge"].get(intent["latest_charge"])
            if intent["status"] != "succeeded" or charge is None:
                raise Problem(400, f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund.")
        if charge["status"] != "succeeded" or not charge["captured"]:
            raise Problem(400, f"Charge {charge['id']} cannot be refunded: it was not captured.")
        if any(dispute["status"] in DISPUTE_WITHDRAWN for dispute in self.list("dispute", charge=charge["id"])):
            raise Problem(400, f"Charge {charge['id']} has been charged back; cannot issue a refund.", "charge_disputed")
        return charge

    def recount(self, charge):
        """amount_refunded is what the refunds say."""
        back = sum(refund["amount"] for refund in self.list("refund", charge=charge["id"]) if refund["status"] in REFUND_HOLDS)
        charge.update(amount_refunded=back, refunded=back == charge["amount_captured"])

    def settle_refund(self, refund, status):
        """Also a refund that has succeeded may fail later: the bank sends it back."""
        if refund["status"] in ("failed", "canceled"):
            raise Problem(400, f"Refund {refund['id']} has a status of {refund['status']}.")
        refund["status"] = status
        if status == "failed":
            refund.update(failure_reason="lost_or_stolen_card", failure_balance_transaction=new_id("txn"))
        self.recount(self.objects["charge"][refund["charge"]])
        self.emit("refund.updated", refund)
        if status == "failed":
            self.emit("refund.failed", refund)
        return refund

    def cancel_refund(self, refund):
        if refund["status"] != "requires_action":
            raise Problem(400, f"Refund {refund['id']} cannot be canceled because it has a status of {refund['status']}. Only a refund with a "
                               "status of requires_action may be canceled.")
        return self.settle_refund(refund, "canceled")

    # ------------------------------------------------------------------------------------------------ disputes

    def open_dispute(self, intent, status):
        self.check_dispute(status)
        charge = self.objects["charge"].get(intent["latest_charge"])
        if charge is None or not charge["captured"]:
            raise Problem(400, f"Nothing of {intent['id']} was charged.")
        charge["disputed"] = True
        dispute = self.keep({
            "id": new_id("du"), "object": "dispute", "amount": charge["amount_captured"] - charge["amount_refunded"],
            "balance_transactions": [], "charge": charge["id"], "created": now(), "currency": charge["currency"], "evidence": {},
            "evidence_details": {"due_by": now() + 9 * 86400, "has_evidence": False, "past_due": False, "submission_count": 0},
            "is_charge_refundable": status not in DISPUTE_WITHDRAWN, "livemode": False, "metadata": {}, "payment_intent": intent["id"],
            "payment_method_details": {"card": {"brand": "visa"}, "type": "card"}, "reason": "fraudulent", "status": status})
        self.emit("charge.dispute.created", dispute)
        self.move_dispute_money(dispute, False)
        return dispute

    @staticmethod
    def check_dispute(status):
        if status not in DISPUTE_STATUSES:
            raise Problem(400, f"no such status of a dispute: {status}")

    def move_dispute(self, dispute, status):
        self.check_dispute(status)
        withdrawn = dispute["status"] in DISPUTE_WITHDRAWN
        dispute.update(status=status, is_charge_refundable=status not in DISPUTE_WITHDRAWN)
        self.emit("charge.dispute.closed" if status in DISPUTE_CLOSED else "charge.dispute.updated", dispute)
        self.move_dispute_money(dispute, withdrawn)
        return dispute

    def move_dispute_money(self, dispute, was_withdrawn):
        withdrawn = dispute["status"] in DISPUTE_WITHDRAWN
        if withdrawn != was_withdrawn:
            dispute["balance_transactions"].append({"id": new_id("txn"), "object": "balance_transaction", "currency": dispute["currency"],
                                                    "amount": -dispute["amount"] if withdrawn else dispute["amount"]})
            self.emit("charge.dispute.funds_withdrawn" if withdrawn else "charge.dispute.funds_reinstated", dispute)

    # ------------------------------------------------------------------------------------------------ what others than the shop do

    def customer_pays(self, intent, method):
        """In the browser, by the client secret: the shop is not asked. A decline is no error here."""
        try:
            return self.confirm(intent, {"payment_method": method})
        except Problem as problem:
            if problem.status != 402:
                raise
            return intent

    def customer_acts(self, intent, succeed):
        if intent["status"] != "requires_action":
            raise unexpected_state(intent, f"no action is asked of the customer: the status is {intent['status']}")
        if succeed:
            self.pay(intent)
        else:
            self.fail_attempt(intent, {
                "type": "invalid_request_error", "code": "payment_intent_authentication_failure",
                "message": "The provided PaymentMethod has failed authentication. You can provide payment_method_data or a new PaymentMethod "
                           "to attempt to fulfill this PaymentIntent again."}, None)
        return intent

    def settle_intent(self, intent, succeed):
        if intent["status"] != "processing":
            raise unexpected_state(intent, f"only what is processing settles: the status is {intent['status']}")
        charge = self.objects["charge"][intent["latest_charge"]]
        if succeed:
            self.pay(intent, charge)
        else:
            self.fail_attempt(intent, {"type": "invalid_request_error", "code": "debit_not_authorized",
                                       "message": "The customer has notified their bank that this payment was unauthorized."}, charge)
        return intent

    def settle_all(self):
        for intent in self.list("payment_intent", status="processing"):
            self.settle_intent(intent, True)
        for refund in self.list("refund", status="pending"):
            self.settle_refund(refund, "succeeded")

    def money(self):
        """By intent: what the merchant got, gave back, lost to a dispute, and holds without having it."""
        totals = {}
        for intent in self.objects["payment_intent"].values():
            totals[intent["id"]] = {"received": intent["amount_received"], "refunded": 0, "disputed": 0, "held": intent["amount_capturable"],
                                    "status": intent["status"], "metadata": intent["metadata"], "currency": intent["currency"]}
        for refund in self.objects["refund"].values():
            if refund["status"] in REFUND_HOLDS:
                totals[refund["payment_intent"]]["refunded"] += refund["amount"]
        for dispute in self.objects["dispute"].values():
            if dispute["status"] in DISPUTE_WITHDRAWN:
                totals[dispute["payment_intent"]]["disputed"] += dispute["amount"]
        return totals

    def balance(self):
        available = {"usd": 0}
        for sums in self.money().values():
            left = sums["received"] - sums["refunded"] - sums["disputed"]
            available[sums["currency"]] = available.get(sums["currency"], 0) + left
        return {"object": "balance", "livemode": False, "pending": [],
                "available": [{"amount": amount, "currency": currency, "source_types": {"card": amount}}
                              for currency, amount in sorted(available.items())]}
