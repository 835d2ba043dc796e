/** The script of the waiting page. The page is complete without it; with it, it is alive. */
import { openPage } from './page.ts'
import { WaitingRoom } from './waiting-room.ts'

const page = openPage()
// A form whose answer was a failure left its own address behind; loading that again would send the form again.
history.replaceState(null, '', `/wait/${page.data.eventId}${location.search}`)
new WaitingRoom(page).open()
