/** What the purchase service adds to the table of endpoints. */
import type { Endpoint } from '../../http/endpoint.ts'
import { paymentEndpoints } from './payments.ts'
import { reservationEndpoints } from './reservations.ts'
import { saleEndpoints } from './sales.ts'
import { seatEndpoints } from './seats.ts'
import { walletEndpoints } from './wallets.ts'

export const purchaseEndpoints: readonly Endpoint[] = [
  ...seatEndpoints,
  ...saleEndpoints,
  ...reservationEndpoints,
  ...walletEndpoints,
  ...paymentEndpoints,
]
