import { Service } from "../api/service";
import { Desk } from "../chat/desk";
import { mount } from "../chat/mount";
import { Embedding } from "./embedding";

const embedding = new Embedding();
mount(new Desk(new Service(() => embedding.pass()), embedding));
