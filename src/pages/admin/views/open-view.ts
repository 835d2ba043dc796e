/** From where the operator is to what they see. */
import type { Console, View } from '../console.ts'
import type { Route } from '../model/route.ts'
import { texts } from '../texts.ts'
import { auditView } from './audit.ts'
import { editEventView, newEventView } from './event-editor.ts'
import { eventView } from './event.ts'
import { eventsView } from './events.ts'
import { lookUpView } from './look-up.ts'
import { messageView } from './message.ts'

export function openView(route: Route, console: Console): View {
  switch (route.page) {
    case 'events':
      return eventsView(console)
    case 'new-event':
      return newEventView(console)
    case 'event':
      return eventView(console, route.eventId)
    case 'edit-event':
      return editEventView(console, route.eventId)
    case 'look-up':
      return lookUpView(console, route)
    case 'audit':
      return auditView(console, route.eventId)
    case 'unknown':
      return messageView(texts.unknownPage.title, texts.unknownPage.body)
  }
}
