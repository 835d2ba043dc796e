/** A shop behind Queue-it's own published connector, unchanged: what it answers to a browser with these cookies. */
import { createHmac } from 'node:crypto'
import { KnownUser, type IConnectorContextProvider } from '@queue-it/connector-javascript'

export const QUEUE_IT_SECRET = 'a secret key for the connectors of the tests, long enough'
export const QUEUE_DOMAIN = 'queue.test'
export const SHOP_ORIGIN = 'https://shop.test'

export class QueueItShop {
  /** What the connector has set, by name. */
  readonly cookies = new Map<string, string>()
  readonly #config: string
  readonly #secretKey: string
  address = '203.0.113.7'

  constructor(eventId: string, secretKey: string = QUEUE_IT_SECRET) {
    this.#secretKey = secretKey
    this.#config = JSON.stringify({
      Version: 3,
      CustomerId: 'acme',
      Integrations: [integration('Queue', eventId, '/tickets'), integration('Cancel', eventId, '/done')],
    })
  }

  /** Where the connector sends the browser; null: the page is shown. */
  async visit(url: string): Promise<string | null> {
    const asked = new URL(url)
    const token = asked.searchParams.get('queueittoken') ?? ''
    // As the connector's guide says: it is given the address without the token.
    const without = url.replace(/([?&])queueittoken=[^&]*/i, '$1').replace(/[?&]$/, '')
    const result = await KnownUser.validateRequestByIntegrationConfig(
      without,
      token,
      this.#config,
      'acme',
      this.#secretKey,
      this.#context(url),
    )
    return result.doRedirect() ? result.redirectUrl : null
  }

  #context(url: string): IConnectorContextProvider {
    const { cookies } = this
    return {
      getHttpRequest: () => ({
        getUserAgent: () => 'test',
        getHeader: () => '',
        getAbsoluteUri: () => url,
        getUserHostAddress: () => this.address,
        getCookieValue: (name) => cookies.get(name),
        getRequestBodyAsString: () => '',
      }),
      getHttpResponse: () => ({
        setCookie: (name, value) => void (value === '' ? cookies.delete(name) : cookies.set(name, value)),
      }),
      getCryptoProvider: () => ({
        getSha256Hash: (secretKey, text) => createHmac('sha256', secretKey).update(text).digest('hex'),
      }),
      getEnqueueTokenProvider: () => null,
    }
  }
}

function integration(actionType: 'Queue' | 'Cancel', eventId: string, path: string) {
  return {
    Name: actionType,
    ActionType: actionType,
    EventId: eventId,
    CookieDomain: '',
    LayoutName: '',
    Culture: 'en-GB',
    ExtendCookieValidity: true,
    CookieValidityMinute: 20,
    QueueDomain: QUEUE_DOMAIN,
    RedirectLogic: 'AllowTParameter',
    ForcedTargetUrl: '',
    Triggers: [
      {
        LogicalOperator: 'And',
        TriggerParts: [
          {
            Operator: 'Contains',
            ValueToCompare: path,
            UrlPart: 'PageUrl',
            ValidatorType: 'UrlValidator',
            IsNegative: false,
            IsIgnoreCase: true,
          },
        ],
      },
    ],
  }
}
