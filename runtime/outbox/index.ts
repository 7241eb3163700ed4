/** Door of the outbox: messages to others, kept until they were sent. */
export { createOutbox, type Handler, type Message, type Outbox } from './outbox.ts'
export {
  signWebhook,
  toWebhookSecret,
  type VerifiedWebhook,
  type VerifyWebhookOptions,
  verifyWebhook,
  type WebhookRequest,
} from './signature.ts'
export { createWebhook, type WebhookOptions } from './webhook.ts'
