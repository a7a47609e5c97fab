import { agentImage } from "./agent-image.ts";

agentImage("podman");
